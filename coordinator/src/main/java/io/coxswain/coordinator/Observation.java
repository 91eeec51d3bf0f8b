package io.coxswain.coordinator;

import io.coxswain.coordinator.adapter.grpc.GrpcControlServer;
import io.coxswain.coordinator.adapter.http.HttpAdapter;
import io.coxswain.coordinator.adapter.http.Probes;
import io.coxswain.coordinator.adapter.http.page.PageSource;
import io.coxswain.coordinator.adapter.metrics.CoordinatorMetrics;
import io.coxswain.coordinator.adapter.metrics.Exemplars;
import io.coxswain.coordinator.adapter.metrics.Readings;
import io.coxswain.coordinator.adapter.zookeeper.ZkLeadership;
import io.coxswain.coordinator.app.CoordinatorLoop;
import io.coxswain.coordinator.app.EventLog;
import io.coxswain.coordinator.app.PictureBoard;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Refusal;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * How a running coordinator is watched from outside: meters in the host's registry and behind the
 * HTTP port, probes, and gRPC's health service.
 */
final class Observation implements AutoCloseable, Readings, Probes.State, PageSource {
    /**
     * What was asked for.
     *
     * @param registry the host's own; null: none
     * @param httpHost null: no HTTP port
     * @param httpNames see {@link Coordinator.Builder#httpName}
     * @param httpToken see {@link Coordinator.Builder#httpToken}; null: none is needed
     */
    record Wanted(
            @Nullable MeterRegistry registry,
            @Nullable String httpHost,
            int httpPort,
            List<String> httpNames,
            @Nullable String httpToken) {
        static final Wanted NOTHING = new Wanted(null, null, 0, List.of(), null);

        Wanted registry(MeterRegistry shared) {
            return new Wanted(shared, httpHost, httpPort, httpNames, httpToken);
        }

        Wanted http(String host, int port) {
            return new Wanted(registry, host, port, httpNames, httpToken);
        }

        Wanted httpName(String name) {
            var names = new ArrayList<>(httpNames);
            names.add(name);
            return new Wanted(registry, httpHost, httpPort, List.copyOf(names), httpToken);
        }

        Wanted httpToken(String secret) {
            return new Wanted(registry, httpHost, httpPort, httpNames, secret);
        }
    }

    private final CoordinatorLoop loop;
    private final EventLog events;
    private final CuratorFramework client;
    private final ZkLeadership leadership;
    private final GrpcControlServer control;
    private final PictureBoard board;
    private final TraceLookup traces;
    private final PlaneSecurity security;
    private final ConnectionStateListener connection = (_, _) -> health();
    private volatile boolean leads;
    private final @Nullable HttpAdapter http;
    private final List<CoordinatorMetrics> metrics = new ArrayList<>();
    private final Subscription listening;
    private final Subscription watching;

    /**
     * Begins.
     *
     * @throws IOException if the HTTP port cannot be bound; nothing is left open then
     */
    Observation(
            Wanted wanted,
            String coordinatorId,
            CoordinatorLoop loop,
            EventLog events,
            CuratorFramework client,
            ZkLeadership leadership,
            GrpcControlServer control,
            PictureBoard board,
            TraceLookup traces,
            PlaneSecurity security)
            throws IOException {
        this.loop = loop;
        this.events = events;
        this.client = client;
        this.leadership = leadership;
        this.control = control;
        this.board = board;
        this.traces = traces;
        this.security = security;
        if (wanted.registry() != null) {
            metrics.add(
                    new CoordinatorMetrics(
                            wanted.registry(),
                            Tags.of("coordinator", coordinatorId),
                            this,
                            new Exemplars(),
                            System::nanoTime));
        }
        try {
            http = open(wanted);
        } catch (IOException failed) {
            metrics.forEach(CoordinatorMetrics::close);
            throw failed;
        }
        if (http != null) {
            metrics.add(http.metrics());
        }
        client.getConnectionStateListenable().addListener(connection);
        listening = events.listen(0, this::heard);
        watching = board.watch(_ -> metrics.forEach(CoordinatorMetrics::refresh));
        health();
    }

    private @Nullable HttpAdapter open(Wanted wanted) throws IOException {
        String host = wanted.httpHost();
        return host == null
                ? null
                : new HttpAdapter(
                        host,
                        wanted.httpPort(),
                        wanted.httpNames(),
                        wanted.httpToken(),
                        security.web(host),
                        this,
                        new Probes(this),
                        this);
    }

    /** The HTTP port's address; null: there is none. */
    @Nullable String url() {
        return http == null ? null : http.url();
    }

    /** Where others find the page; empty: there is none. */
    String page(CoordinatorConfig config) {
        return http == null ? "" : http.urlFor(config.advertisedHost());
    }

    private void heard(SequencedEvent event) {
        metrics.forEach(all -> all.heard(event));
        // The loop's vitals lag behind its events.
        boolean before = leads;
        switch (event.event()) {
            case CoordinatorEvent.LeadershipGained _ -> leads = true;
            case CoordinatorEvent.LeadershipLost _ -> leads = false;
            case CoordinatorEvent.Gap _ -> leads = term() > 0;
            default -> {}
        }
        if (leads != before) {
            health();
        }
    }

    private synchronized void health() {
        control.health(zookeeperConnected(), leads);
    }

    @Override
    public Picture picture() {
        return board.picture();
    }

    @Override
    public long nextSequence() {
        return events.lastSequence() + 1;
    }

    @Override
    public List<SequencedEvent> events(long fromSequence) {
        return events.read(fromSequence);
    }

    @Override
    public long term() {
        return loop.vitals().term();
    }

    @Override
    public int backlog() {
        return loop.backlog();
    }

    @Override
    public boolean loopRuns() {
        return loop.runs();
    }

    @Override
    public long loopLagNanos() {
        return loop.pulse().lagNanos();
    }

    @Override
    public long zookeeperWrites(String purpose) {
        return leadership.writes().of(purpose);
    }

    @Override
    public long fencedWrites() {
        return loop.pulse().fencedWrites();
    }

    @Override
    public double certificateExpirySeconds() {
        return security.expiry().map(end -> (double) end.getEpochSecond()).orElse(Double.NaN);
    }

    @Override
    public boolean plaintext() {
        return security.plaintext();
    }

    @Override
    public long refusedCalls() {
        return control.refusedCalls();
    }

    @Override
    public long refusedVersions() {
        return control.refusedVersions();
    }

    @Override
    public long unknownWords() {
        return control.unknownWords();
    }

    @Override
    public long refused(Refusal reason) {
        return security.refusals().of(reason);
    }

    @Override
    public boolean zookeeperConnected() {
        return client.getZookeeperClient().isConnected();
    }

    @Override
    public boolean registered() {
        return leadership.stands();
    }

    @Override
    public String refusal() {
        return leadership.refusal();
    }

    @Override
    public long lastEvent() {
        return events.lastSequence();
    }

    @Override
    public String traceOfIncident(String jobId, int incident) {
        return traces.ofIncident(jobId, incident);
    }

    @Override
    public String traceOfStep(String jobId, long step) {
        return traces.ofStep(jobId, step);
    }

    @Override
    public void close() {
        client.getConnectionStateListenable().removeListener(connection);
        listening.close();
        watching.close();
        if (http != null) {
            http.close();
        }
        metrics.forEach(CoordinatorMetrics::close);
    }
}
