package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WorkerExitTest {
    @Test
    void namesSignalStatusOrReason() {
        assertThat(new WorkerExit(134, "", null).describe())
                .isEqualTo("worker died of signal 6 (SIGABRT)");
        assertThat(new WorkerExit(1, "no such flag\n", null).describe())
                .isEqualTo("worker exited with status 1; last words: no such flag");
        assertThat(new WorkerExit(-1, "cannot start 'x'", null).describe())
                .isEqualTo("did not start; last words: cannot start 'x'");
        assertThat(new WorkerExit(137, "", "it hung").describe())
                .isEqualTo("killed by its agent: it hung");
    }

    @Test
    void aFailedCheckSaysMoreThanTheFramesAfterIt() {
        String words =
                """
                ... cut off
                I0000 00:00:1795780000.123456   12345 cpu_client.cc:42] created
                F0000 00:00:1795780001.654321   12345 literal.cc:310] Check failed: size == 4 (8 vs. 4) bad literal
                *** Check failure stack trace: ***
                    @     0x7f3fe8c1a2b4  absl::log_internal::LogMessage::Die()
                    @     0x7f3fe8c1a2c4  (unknown)
                Aborted (core dumped)
                """;

        assertThat(new WorkerExit(134, words, null).describe())
                .isEqualTo(
                        "worker died of signal 6 (SIGABRT); last words: F0000"
                            + " 00:00:1795780001.654321   12345 literal.cc:310] Check failed: size"
                            + " == 4 (8 vs. 4) bad literal");
        assertThat(
                        LastWords.telling(
                                """
                                2026-11-27 12:00:00.123456: F external/xla/a.cc:12] Non-OK-status: x
                                something after it
                                """))
                .isEqualTo("2026-11-27 12:00:00.123456: F external/xla/a.cc:12] Non-OK-status: x");
    }

    @Test
    void aCrashOfTheJvmIsItsSignalAndFrame() {
        String words =
                """
                #
                # A fatal error has been detected by the Java Runtime Environment:
                #
                #  SIGSEGV (0xb) at pc=0x00007f3fe8c1a2b4, pid=123, tid=124
                #
                # JRE version: OpenJDK Runtime Environment (25.0) (build 25)
                # Problematic frame:
                # C  [pjrt_c_api_cpu_plugin.so+0x5a2b4]  xla::Execute()+0x14
                #
                # No core dump will be written.
                #
                # An error report file with more information is saved as:
                # /logs/worker-crash-123.log
                #
                # If you would like to submit a bug report, please visit:
                #   somewhere
                # The crash happened outside the Java Virtual Machine in native code.
                # See problematic frame for where to report the bug.
                #
                """;

        assertThat(LastWords.telling(words))
                .isEqualTo(
                        "SIGSEGV (0xb) at pc=0x00007f3fe8c1a2b4, pid=123, tid=124 in C "
                                + " [pjrt_c_api_cpu_plugin.so+0x5a2b4]  xla::Execute()+0x14");
    }

    @Test
    void whatCppThrewIsItsText() {
        assertThat(
                        LastWords.telling(
                                """
                                terminate called after throwing an instance of 'std::bad_alloc'
                                  what():  std::bad_alloc
                                """))
                .isEqualTo("what():  std::bad_alloc");
        assertThat(LastWords.telling("free(): invalid pointer\nand more\n"))
                .isEqualTo("free(): invalid pointer");
    }

    @Test
    void framesOfAnExceptionAreNotTheLastWords() {
        assertThat(
                        LastWords.telling(
                                """
                                Exception in thread "main" java.lang.IllegalStateException: broken
                                \tat a.B.c(B.java:1)
                                \t... 3 more
                                """))
                .isEqualTo("Exception in thread \"main\" java.lang.IllegalStateException: broken");
        assertThat(
                        LastWords.telling(
                                """
                                Traceback (most recent call last):
                                  File "a.py", line 1
                                ValueError: broken
                                """))
                .isEqualTo("ValueError: broken");
    }

    @Test
    void thereMayBeNone() {
        assertThat(LastWords.telling("")).isEmpty();
        assertThat(LastWords.telling("\n \n")).isEmpty();
        assertThat(LastWords.telling("# only noise\n")).isEqualTo("# only noise");
        assertThat(LastWords.telling("x".repeat(10_000))).hasSize(401).endsWith("…");
    }

    @Test
    void stacksThatAJvmWasAskedForAreNobodysWords() {
        String words =
                """
                loading
                2026-01-01 10:00:00
                Full thread dump OpenJDK 64-Bit Server VM (25+36 mixed mode):

                "main" #1 prio=5
                   java.lang.Thread.State: RUNNABLE
                \tat Train.main(Train.java:7)

                JNI global refs: 12, weak refs: 0

                Heap
                 def new generation   total 4928K
                 Metaspace       used 100K
                  class space    used 13K, committed 128K
                """;
        assertThat(new WorkerExit(1, words + "no more memory\n", null).describe())
                .endsWith("last words: no more memory");
        assertThat(new WorkerExit(1, words, null).describe())
                .doesNotContain("class space")
                .doesNotContain("Metaspace");
    }
}
