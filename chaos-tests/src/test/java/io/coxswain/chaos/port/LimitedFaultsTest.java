package io.coxswain.chaos.port;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Victim;
import io.coxswain.chaos.scenario.Part;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

class LimitedFaultsTest {
    /** Writes down what reaches it. */
    private static final class Paper implements FaultPort {
        final List<String> done = new ArrayList<>();
        boolean broken;

        @Override
        public long kill(Victim victim) {
            done.add("kill " + victim);
            return 1;
        }

        @Override
        public void pause(Victim victim) {
            done.add("pause " + victim);
        }

        @Override
        public void resume(Victim victim) throws IOException {
            if (broken) {
                throw new IOException("no route");
            }
            done.add("resume " + victim);
        }

        @Override
        public void terminate(Victim victim) {
            done.add("terminate " + victim);
        }

        @Override
        public void startAgain(String party) throws IOException {
            if (broken) {
                throw new IOException("no route");
            }
            done.add("start " + party);
        }
    }

    private final Paper paper = new Paper();

    private static Victim host(String agent) {
        return new Victim(Part.HOST, agent);
    }

    @Test
    void hurtsNoMoreThanAgreed() throws Exception {
        var limited = new LimitedFaults(paper, 2);

        limited.kill(host("a"));
        limited.pause(host("b"));
        limited.kill(new Victim(Part.WORKER, "a"));
        assertThatThrownBy(() -> limited.terminate(host("c")))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "the limit of 2 victims is reached by a, b: c is left alone"
                                + " (--max-victims)");
        assertThatThrownBy(() -> limited.expireSession("c")).isInstanceOf(IOException.class);
        // Healing is never refused, and makes no room.
        limited.resume(host("b"));
        assertThatThrownBy(() -> limited.pause(host("c"))).isInstanceOf(IOException.class);

        assertThat(limited.victims()).containsExactly("a", "b");
        assertThat(paper.done)
                .containsExactly("kill a", "pause b", "kill the worker of a", "resume b");
    }

    @Test
    void startsAgainOnlyWhomItHurt() throws Exception {
        var limited = new LimitedFaults(paper, 1);

        limited.startAgain("b");
        limited.kill(host("a"));
        limited.startAgain("a");

        assertThat(paper.done).containsExactly("kill a", "start a");
        assertThat(limited.started()).containsExactly("a");
    }

    @Test
    void remembersWhatDidNotHeal() throws Exception {
        var limited = new LimitedFaults(paper, 1);
        limited.pause(host("a"));
        paper.broken = true;

        assertThatThrownBy(() -> limited.resume(host("a"))).hasMessage("no route");
        assertThatThrownBy(() -> limited.startAgain("a")).hasMessage("no route");

        assertThat(limited.unhealed())
                .containsExactly(
                        "not known whether a goes on: no route",
                        "not known whether a comes back: no route");
        assertThat(limited.started()).isEmpty();
    }

    @Test
    void nobodyIsNoLimit() {
        assertThatThrownBy(() -> new LimitedFaults(paper, 0))
                .hasMessageContaining("expected 1 or more");
    }
}
