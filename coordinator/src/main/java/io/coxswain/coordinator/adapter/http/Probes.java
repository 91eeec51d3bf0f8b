package io.coxswain.coordinator.adapter.http;

import io.coxswain.web.WebResponse;

import java.time.Duration;
import java.util.Locale;

/**
 * What an orchestrator asks. Alive means that the decision loop decides: a coordinator without
 * ZooKeeper keeps its view stepping and must not be restarted for it. Ready means that it leads or
 * could be elected.
 */
public final class Probes {
    /** A loop that is later than this does not come back by itself. */
    static final Duration LATEST = Duration.ofSeconds(10);

    private final State state;

    /** What the answers follow from. Any thread. */
    public interface State {
        /** From start to stop. */
        boolean loopRuns();

        long loopLagNanos();

        boolean zookeeperConnected();

        /** It stands in the election. */
        boolean registered();

        /** Why it will not stand in the election; empty: nothing is against it. */
        default String refusal() {
            return "";
        }

        /** Of its leadership, 0: it stands by. */
        long term();
    }

    public Probes(State state) {
        this.state = state;
    }

    /** {@code /livez}. */
    public WebResponse live() {
        if (!state.loopRuns()) {
            return WebResponse.text(503, "dead: the decision loop does not run");
        }
        double lag = state.loopLagNanos() / 1e9;
        if (state.loopLagNanos() > LATEST.toNanos()) {
            return WebResponse.text(
                    503, String.format(Locale.ROOT, "dead: the decision loop is %.1f s late", lag));
        }
        return WebResponse.text(200, "alive");
    }

    /** {@code /readyz}. */
    public WebResponse ready() {
        if (!state.zookeeperConnected()) {
            return WebResponse.text(503, "not ready: there is no connection to ZooKeeper");
        }
        if (!state.refusal().isEmpty()) {
            return WebResponse.text(503, "not ready: " + state.refusal());
        }
        if (!state.registered()) {
            return WebResponse.text(503, "not ready: it does not stand for election yet");
        }
        long term = state.term();
        return WebResponse.text(
                200, term > 0 ? "ready: it leads with term " + term : "ready: it stands by");
    }
}
