package io.coxswain.coordinator.adapter.metrics;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.adapter.zookeeper.ZkWrites;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.security.Refusal;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

import org.jspecify.annotations.Nullable;

import java.util.function.LongSupplier;

/**
 * One coordinator's meters in one registry. A standby has few of them: those of the agents and of
 * the job come with the leadership and go with it, so that nobody tells the same twice. All values
 * of the job are of one picture. Thread-safe.
 */
public final class CoordinatorMetrics implements AutoCloseable {
    private final MeterRegistry registry;
    private final Tags common;
    private final Readings readings;
    private final Exemplars exemplars;
    private final LongSupplier nanos;
    private final MeterGroup<Readings> group;
    private final Counter leaderships;
    private @Nullable LeaderMeters leader;
    private @Nullable JobMeters job;
    private boolean closed;

    /**
     * Registers what every coordinator has.
     *
     * @param common labels of all meters
     * @param exemplars that the registry asks, where it can
     * @param nanos monotonic
     */
    public CoordinatorMetrics(
            MeterRegistry registry,
            Tags common,
            Readings readings,
            Exemplars exemplars,
            LongSupplier nanos) {
        this.registry = registry;
        this.common = common;
        this.readings = readings;
        this.exemplars = exemplars;
        this.nanos = nanos;
        group = new MeterGroup<>(registry, common, readings);
        group.gauge("coxswain.term", "Leadership term; 0: standby", Readings::term);
        group.gauge("coxswain.leader", "1: this coordinator leads", all -> all.term() > 0 ? 1 : 0);
        leaderships =
                group.counter("coxswain.leaderships", "How often this coordinator began to lead");
        group.gauge(
                "coxswain.zookeeper.connected",
                "1: there is a connection to ZooKeeper",
                all -> all.zookeeperConnected() ? 1 : 0);
        group.gauge(
                "coxswain.decision.loop.lag.seconds",
                "How late the decision loop is",
                all -> all.loopLagNanos() / 1e9);
        group.gauge(
                "coxswain.decision.loop.backlog",
                "Inputs that wait for the decision loop",
                Readings::backlog);
        group.total(
                "coxswain.fenced.writes",
                "Writes that ZooKeeper refused because another coordinator leads",
                Readings::fencedWrites);
        for (String purpose : ZkWrites.PURPOSES) {
            group.total(
                    "coxswain.zookeeper.writes",
                    "Writes to ZooKeeper, tries counted",
                    all -> all.zookeeperWrites(purpose),
                    "purpose",
                    purpose);
        }
        if (!Double.isNaN(readings.certificateExpirySeconds())) {
            group.gauge(
                    "coxswain.certificate.expiry.timestamp.seconds",
                    "End of the certificate in use, Unix time",
                    Readings::certificateExpirySeconds);
        }
        group.gauge(
                "coxswain.plaintext",
                "1: it may speak in the clear beyond this machine",
                all -> all.plaintext() ? 1 : 0);
        group.total(
                "coxswain.refused.calls",
                "Calls refused for want of a certificate with the right",
                Readings::refusedCalls);
        group.total(
                "coxswain.refused.versions",
                "Agents of another major version that were refused, attempts counted",
                Readings::refusedVersions);
        group.total(
                "coxswain.unknown.words",
                "Messages of agents of a newer version that say something unknown here",
                Readings::unknownWords);
        for (Refusal reason : Refusal.values()) {
            group.total(
                    "coxswain.refused",
                    "Connections and calls that were not let in",
                    all -> all.refused(reason),
                    "reason",
                    reason.word());
        }
        group.total("coxswain.events", "Events published", Readings::lastEvent);
    }

    /** Takes the newest picture: meters come and go here. */
    public synchronized void refresh() {
        if (closed) {
            return;
        }
        Picture picture = readings.picture();
        if (readings.term() == 0) {
            drop();
            return;
        }
        LeaderMeters leads = leader;
        if (leads == null) {
            leads = new LeaderMeters(registry, common, readings, exemplars, nanos);
            leader = leads;
        }
        leads.update(picture);
        JobPicture runs = picture.job();
        JobMeters known = job;
        if (known != null && (runs == null || !runs.id().equals(known.id()))) {
            known.close();
            known = null;
        }
        if (runs != null) {
            if (known == null) {
                known = new JobMeters(registry, common, runs, nanos);
            } else {
                known.update(runs);
            }
        }
        job = known;
    }

    /** Counts what happened. Events come in order. */
    public synchronized void heard(SequencedEvent event) {
        if (event.event() instanceof CoordinatorEvent.LeadershipGained) {
            leaderships.increment();
        }
        refresh();
        if (leader != null) {
            leader.heard(event);
        }
    }

    private void drop() {
        if (job != null) {
            job.close();
            job = null;
        }
        if (leader != null) {
            leader.close();
            leader = null;
        }
    }

    /** Takes all meters out of the registry. */
    @Override
    public synchronized void close() {
        closed = true;
        drop();
        group.close();
    }
}
