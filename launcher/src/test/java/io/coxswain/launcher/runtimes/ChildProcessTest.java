package io.coxswain.launcher.runtimes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

class ChildProcessTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    private static ChildProcess.Ended shell(String script, Duration limit)
            throws InterruptedException {
        return ChildProcess.run(
                List.of("/bin/sh", "-c", script), variables -> variables.put("GIVEN", "x"), limit);
    }

    @Test
    void takesWhatAProgramSaysAndHowItEnds() throws Exception {
        ChildProcess.Ended ended = shell("echo out $GIVEN; echo err >&2; exit 7", LONG);

        assertThat(ended).isEqualTo(new ChildProcess.Ended(7, "out x\n", "err\n", true));
        assertThat(ended.well()).isFalse();
        assertThat(ended.said()).isEqualTo("out x\n\nerr");
    }

    @Test
    void aProgramThatSaysALotIsNotHeldUp() throws Exception {
        ChildProcess.Ended ended = shell("head -c 3000000 /dev/zero", LONG);

        assertThat(ended.well()).isTrue();
        assertThat(ended.output()).hasSize(1 << 20);
    }

    @Test
    void aProgramThatIsNotThereIsNoException() throws Exception {
        ChildProcess.Ended ended = ChildProcess.run(List.of("/no/such/program"), _ -> {}, LONG);

        assertThat(ended.status()).isEqualTo(127);
    }

    @Test
    void whatTakesTooLongIsKilledWithItsChildren() throws Exception {
        ChildProcess.Ended ended = shell("echo begun; sleep 300 & wait", Duration.ofMillis(200));

        assertThat(ended.inTime()).isFalse();
        assertThat(ended.well()).isFalse();
    }
}
