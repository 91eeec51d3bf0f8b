package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Programs that are no workers: they never call the SDK, or end before they do. */
class ScriptsIT {
    @TempDir private Path folder = Path.of("");
    private final List<String> reasons = Collections.synchronizedList(new ArrayList<>());
    private final List<EvidencePiece> evidence = Collections.synchronizedList(new ArrayList<>());

    @BeforeAll
    static void thereIsAPython() {
        String path = System.getenv().getOrDefault("PATH", "");
        assumeTrue(
                Arrays.stream(path.split(File.pathSeparator, -1))
                        .anyMatch(place -> Files.isExecutable(Path.of(place, "python3"))),
                "there is no python3 in PATH");
    }

    /** Runs a script to its end, whoever ends it. */
    private WorkerExit run(String script, Duration hello) throws Exception {
        var ended = new CompletableFuture<WorkerExit>();
        var listener =
                new WorkerSupervisor.Listener() {
                    @Override
                    public void ready(long generation, List<Hello> said) {}

                    @Override
                    public void message(long generation, int local, FromWorker message) {}

                    @Override
                    public void pong(long generation, Pong pong) {}

                    @Override
                    public void asked(long generation, int local, KeyValueRequest request) {}

                    @Override
                    public void evidence(
                            long generation, String reason, List<EvidencePiece> pieces) {
                        reasons.add(reason);
                        evidence.addAll(pieces);
                    }

                    @Override
                    public void exited(long generation, WorkerExit exit) {
                        ended.complete(exit);
                    }
                };
        WorkerSupervisor.Limits usual = WorkerSupervisor.Limits.DEFAULT;
        var limits =
                new WorkerSupervisor.Limits(
                        hello, usual.heartbeat(), usual.afterAbort(), usual.afterTerm());
        var environment = Map.of("PATH", System.getenv().getOrDefault("PATH", ""));
        try (var supervisor =
                new WorkerSupervisor(
                        new WorkerCommand(List.of("python3", "-c", script), environment),
                        folder,
                        folder,
                        limits,
                        OutputLimits.DEFAULT,
                        listener)) {
            supervisor.start();
            WorkerExit exit = ended.get();
            try (var left = Files.list(folder)) {
                assertThat(left.map(Path::getFileName).map(Path::toString))
                        .as("what is left")
                        .allMatch(name -> name.startsWith("worker-1."));
            }
            return exit;
        }
    }

    private String text(String kind) {
        return evidence.stream()
                .filter(piece -> piece.getKind().equals(kind))
                .map(piece -> piece.getContent().toStringUtf8())
                .reduce("", String::concat);
    }

    @Test
    void oneThatEndsWithoutAWord() throws Exception {
        WorkerExit exit = run("print('trained on my own')", Duration.ofMinutes(2));
        assertThat(exit.describe())
                .isEqualTo(
                        "worker exited with status 0 before it said hello (a program must call"
                                + " coxswain.run, or coxswain.jax.run); last words: trained on my"
                                + " own");
        assertThat(text("last-words")).isEqualTo("trained on my own\n");
        assertThat(Files.readString(folder.resolve("worker-1.log")))
                .isEqualTo("trained on my own\n");
    }

    @Test
    void oneThatFailsBeforehand() throws Exception {
        WorkerExit exit =
                run("def load():\n  raise ValueError('no data')\nload()", Duration.ofMinutes(2));
        assertThat(exit.describe()).contains("status 1", "last words: ValueError: no data");
        assertThat(text("last-words"))
                .startsWith("Traceback (most recent call last):")
                .contains("in load");
        assertThat(reasons).containsExactly(exit.describe());
    }

    @Test
    void oneThatNeverSaysHello() throws Exception {
        WorkerExit exit =
                run(
                        "import time\nprint('training', flush=True)\ntime.sleep(1000)",
                        Duration.ofSeconds(2));
        assertThat(exit.describe())
                .startsWith(
                        "killed by its agent: it never said hello within 2000 ms: does the program")
                .contains("call coxswain.run");
        assertThat(text("native-stacks")).contains("python");
        assertThat(text("note")).contains("writes no stacks upon a signal");
        assertThat(Files.readString(folder.resolve("worker-1.evidence.txt")))
                .contains("never said hello", "== native-stacks.");
    }

    @Test
    void oneThatIsInterrupted() throws Exception {
        WorkerExit exit =
                run(
                        // A build in the background ignores the signal, and so would the script.
                        """
                        import os, signal
                        signal.signal(signal.SIGINT, signal.default_int_handler)
                        os.kill(os.getpid(), signal.SIGINT)
                        print("not here")
                        """,
                        Duration.ofMinutes(2));
        assertThat(exit.describe()).contains("KeyboardInterrupt").doesNotContain("not here");
    }

    @Test
    void oneThatLeavesAChildBehindThatKeepsItsOutput() throws Exception {
        WorkerExit exit =
                run(
                        """
                        import os, sys, time
                        print("the parent's last words", flush=True)
                        if os.fork() == 0:
                            time.sleep(3)
                            os._exit(0)
                        os._exit(7)
                        """,
                        Duration.ofMinutes(2));
        assertThat(exit.status()).isEqualTo(7);
        assertThat(exit.describe()).endsWith("last words: the parent's last words");
    }
}
