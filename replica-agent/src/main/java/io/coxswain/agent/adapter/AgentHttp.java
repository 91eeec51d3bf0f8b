package io.coxswain.agent.adapter;

import io.coxswain.agent.app.AgentPulse;
import io.coxswain.agent.core.Phase;
import io.coxswain.security.Refusal;
import io.coxswain.security.WebEntry;
import io.coxswain.web.Routes;
import io.coxswain.web.WebResponse;
import io.coxswain.web.WebServer;
import io.coxswain.web.prometheus.MetricsHandler;
import io.coxswain.web.prometheus.StrictRegistry;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/** An agent's HTTP port: metrics and probes. */
final class AgentHttp implements AutoCloseable {
    /** A loop that is later than this does not come back by itself. */
    private static final Duration LATEST = Duration.ofSeconds(10);

    private final PrometheusMeterRegistry registry = StrictRegistry.make(null);
    private final State state;
    private final WebServer server;

    /** Where the numbers come from. Any thread. */
    interface State {
        /** From start to stop. */
        boolean loopRuns();

        AgentPulse pulse();

        boolean zookeeperConnected();

        boolean registered();

        /** A leader answers on its stream. */
        boolean attached();

        boolean workerRuns();

        long arenaUsedBytes();

        long arenaBudgetBytes();

        /** When the certificate in use ends, Unix time; NaN: there is none. */
        default double certificateExpirySeconds() {
            return Double.NaN;
        }

        /** Whether it may speak in the clear beyond this machine. */
        default boolean plaintext() {
            return false;
        }

        /** Words of leaders and peers of newer versions that are unknown here. */
        default long unknownWords() {
            return 0;
        }

        /** How many were not let in for that reason. */
        default long refused(Refusal reason) {
            return 0;
        }
    }

    /**
     * Opens the port.
     *
     * @throws IOException if it cannot be bound; the message says what to do
     */
    AgentHttp(AgentAssembly.HttpPort asked, State state) throws IOException {
        this(asked, state, null);
    }

    /** The same behind an entry. */
    AgentHttp(AgentAssembly.HttpPort asked, State state, @Nullable WebEntry entry)
            throws IOException {
        this.state = state;
        meters();
        WebServer.Builder made =
                WebServer.builder()
                        .bind(asked.host(), asked.port())
                        .routes(
                                Routes.builder()
                                        .get("/metrics", new MetricsHandler(registry, () -> {}))
                                        .get("/livez", _ -> live())
                                        .get("/readyz", _ -> ready())
                                        .build());
        asked.names().forEach(made::allowName);
        if (entry != null) {
            made.door(entry.gate(), entry.gate()::known);
            if (entry.tls() != null) {
                made.tls(entry.tls());
            }
        }
        if (asked.token() != null) {
            made.token(asked.token(), Set.of("/livez", "/readyz"));
        }
        try {
            server = made.start();
        } catch (IOException failed) {
            registry.close();
            throw failed;
        }
    }

    /** Where a browser on this machine finds it. */
    String url() {
        return server.url();
    }

    /** The loop decides; ZooKeeper and the leader do not matter: without them its view steps on. */
    WebResponse live() {
        if (!state.loopRuns()) {
            return WebResponse.text(503, "dead: the agent's loop does not run");
        }
        long lag = state.pulse().lagNanos();
        return lag > LATEST.toNanos()
                ? WebResponse.text(
                        503,
                        String.format(
                                Locale.ROOT, "dead: the agent's loop is %.1f s late", lag / 1e9))
                : WebResponse.text(200, "alive");
    }

    WebResponse ready() {
        if (!state.zookeeperConnected()) {
            return WebResponse.text(503, "not ready: there is no connection to ZooKeeper");
        }
        if (!state.registered()) {
            return WebResponse.text(503, "not ready: it is not registered yet");
        }
        return state.attached()
                ? WebResponse.text(
                        200, "ready: it follows a leader of term " + state.pulse().term())
                : WebResponse.text(503, "not ready: no leader answers");
    }

    private void meters() {
        gauge(
                "coxswain.zookeeper.connected",
                "1: there is a connection to ZooKeeper",
                all -> all.zookeeperConnected() ? 1 : 0);
        gauge(
                "coxswain.decision.loop.lag.seconds",
                "How late the decision loop is",
                all -> all.pulse().lagNanos() / 1e9);
        gauge(
                "coxswain.agent.registered",
                "1: its node stands in ZooKeeper",
                all -> all.registered() ? 1 : 0);
        gauge(
                "coxswain.agent.attached",
                "1: a leader answers on its stream",
                all -> all.attached() ? 1 : 0);
        pulse("coxswain.agent.term", "Newest term heard of", AgentPulse::term);
        pulse(
                "coxswain.agent.epoch",
                "No message of an epoch below is followed",
                AgentPulse::epoch);
        pulse(
                "coxswain.agent.floor.step",
                "Newest step that everybody can go back to, as far as it knows",
                AgentPulse::floor);
        for (Phase phase : Phase.values()) {
            Gauge.builder(
                            "coxswain.agent.phase",
                            state,
                            all -> all.pulse().phase() == phase ? 1 : 0)
                    .description("1: the agent is in this phase")
                    .tag("phase", phase.name().toLowerCase(Locale.ROOT))
                    .register(registry);
        }
        gauge("coxswain.agent.worker.running", "1: a worker runs", all -> all.workerRuns() ? 1 : 0);
        total(
                "coxswain.agent.stale.words",
                "Words of leaders that were succeeded, none of which was followed",
                AgentPulse::staleWords);
        FunctionCounter.builder("coxswain.agent.unknown.words", state, State::unknownWords)
                .description("Words of leaders and peers of newer versions that are unknown here")
                .register(registry);
        total("coxswain.agent.worker.exits", "Workers that ended", AgentPulse::workerExits);
        total(
                "coxswain.agent.copies.pushed",
                "Own snapshots that a holder verified",
                AgentPulse::copiesPushed);
        total(
                "coxswain.agent.states.fetched",
                "States brought from peers and verified",
                AgentPulse::statesFetched);
        if (!Double.isNaN(state.certificateExpirySeconds())) {
            gauge(
                    "coxswain.certificate.expiry.timestamp.seconds",
                    "End of the certificate in use, Unix time",
                    State::certificateExpirySeconds);
        }
        gauge(
                "coxswain.plaintext",
                "1: it may speak in the clear beyond this machine",
                all -> all.plaintext() ? 1 : 0);
        for (Refusal reason : Refusal.values()) {
            FunctionCounter.builder("coxswain.refused", state, all -> all.refused(reason))
                    .description("Connections and calls that were not let in")
                    .tag("reason", reason.word())
                    .register(registry);
        }
        gauge(
                "coxswain.agent.arena.used.bytes",
                "Shared memory that is reserved",
                State::arenaUsedBytes);
        gauge(
                "coxswain.agent.arena.budget.bytes",
                "Shared memory that the agent may take",
                State::arenaBudgetBytes);
    }

    private void gauge(String name, String text, ToDoubleFunction<State> value) {
        Gauge.builder(name, state, value).description(text).register(registry);
    }

    private void pulse(String name, String text, ToDoubleFunction<AgentPulse> value) {
        gauge(name, text, all -> value.applyAsDouble(all.pulse()));
    }

    private void total(String name, String text, ToDoubleFunction<AgentPulse> value) {
        FunctionCounter.builder(name, state, all -> value.applyAsDouble(all.pulse()))
                .description(text)
                .register(registry);
    }

    @Override
    public void close() {
        server.close();
        registry.close();
    }
}
