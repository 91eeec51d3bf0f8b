package io.coxswain.coordinator.adapter.metrics;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.maintenance.MaintenanceState;
import io.coxswain.coordinator.core.term.TermVerdict;
import io.coxswain.coordinator.picture.AgentPicture;
import io.coxswain.coordinator.picture.Picture;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import java.util.stream.LongStream;

/**
 * What only a leader knows, besides its job: the agents, and what it saw happen. These counters and
 * histograms begin with the leadership and end with it.
 */
final class LeaderMeters implements AutoCloseable {
    private static final List<String> AGENT_STATES =
            List.of(
                    "attached",
                    "ready",
                    "ranked",
                    "spare",
                    "suspect",
                    "unfit",
                    "cordoned",
                    "draining",
                    "drained",
                    "lost");
    private static final List<MaintenanceState> AWAY =
            List.of(MaintenanceState.CORDONED, MaintenanceState.DRAINING, MaintenanceState.DRAINED);
    // The same cause as often at one step is no accident any more.
    private static final int MANY_REPEATS = 3;
    private static final Duration[] STEP_BOUNDS =
            millis(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000);
    private static final Duration[] RECOVERY_BOUNDS =
            millis(
                    1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
                    300_000);

    private final Readings readings;
    private final Exemplars exemplars;
    private final MeterGroup<LeaderMeters> group;
    private final AttachTimes attachTimes;
    private final Map<TermVerdict, Counter> claims = new EnumMap<>(TermVerdict.class);
    private final Counter attached;
    private final Counter lost;
    private final Timer stepTime;
    private final Timer detection;
    private final Map<Incident.Phase, Timer> phases = new EnumMap<>(Incident.Phase.class);
    private final Map<Incident.Kind, Counter> incidents = new EnumMap<>(Incident.Kind.class);
    private final Counter repeated;
    private volatile Picture picture;
    // Of the steps heard of; the event thread only.
    private String job = "";
    private long epoch;
    private long step;
    private long stepNanos;
    private String incidentJob = "";
    private int newestIncident;
    private int newestRepeated;

    LeaderMeters(
            MeterRegistry registry,
            Tags common,
            Readings readings,
            Exemplars exemplars,
            LongSupplier nanos) {
        this.readings = readings;
        this.exemplars = exemplars;
        this.attachTimes = new AttachTimes(nanos);
        this.picture = readings.picture();
        group = new MeterGroup<>(registry, common, this);
        for (String state : AGENT_STATES) {
            group.gauge("coxswain.agents", "Agents by state", _ -> agents(state), "state", state);
        }
        for (MaintenanceState state : AWAY) {
            group.gauge(
                    "coxswain.maintenance.agents",
                    "Agents that are out of service or on the way there, attached or not",
                    _ -> away(state),
                    "state",
                    state.key());
        }
        group.gauge(
                "coxswain.spares", "Agents without a rank that are ready", _ -> agents("spare"));
        group.gauge(
                "coxswain.agents.flapping",
                "Agents that attached three times or more within 15 minutes",
                _ -> attachTimes.flapping());
        for (TermVerdict verdict : TermVerdict.values()) {
            claims.put(
                    verdict,
                    group.counter(
                            "coxswain.term.claims",
                            "Words of agents that a higher term has begun",
                            "verdict",
                            verdict(verdict)));
        }
        attached = group.counter("coxswain.agents.attached", "Agents that attached");
        lost = group.counter("coxswain.agents.lost", "Agents that were declared lost");
        group.gauge(
                "coxswain.arena.used.bytes",
                "Shared memory that the agents' duties take",
                _ -> sum(AgentPicture::arenaUsedBytes));
        group.gauge(
                "coxswain.arena.budget.bytes",
                "Shared memory that the agents may take",
                _ -> sum(AgentPicture::arenaBudgetBytes));
        group.gauge(
                "coxswain.arena.fullest.ratio",
                "Used over allowed shared memory of the agent that has least left",
                _ -> fullest());
        group.gauge(
                "coxswain.jobs.queued",
                "Jobs that wait behind the running one",
                _ -> picture.queued().size());
        group.total(
                "coxswain.stale.messages",
                "Words of streams and incarnations that count no more, dropped",
                _ -> picture.fencedMessages());
        stepTime =
                group.histogram(
                        "coxswain.step.duration",
                        "Time of a step, as the leader saw steps complete",
                        STEP_BOUNDS);
        detection =
                group.histogram(
                        "coxswain.detection.duration",
                        "From the last sign of what failed to the verdict",
                        RECOVERY_BOUNDS);
        for (Incident.Phase phase : Incident.Phase.values()) {
            if (phase != Incident.Phase.DETECT) {
                phases.put(
                        phase,
                        group.histogram(
                                "coxswain.recovery.phase.duration",
                                "Time that a recovery spent in a phase",
                                RECOVERY_BOUNDS,
                                "phase",
                                phase.name().toLowerCase(Locale.ROOT)));
            }
        }
        repeated =
                group.counter(
                        "coxswain.repeated.incidents",
                        "Incidents whose cause was met three times or more at one step");
        for (Incident.Kind kind : Incident.Kind.values()) {
            incidents.put(
                    kind,
                    group.counter(
                            "coxswain.incidents",
                            "Incidents that began",
                            "kind",
                            kind.name().toLowerCase(Locale.ROOT)));
        }
    }

    void update(Picture newest) {
        picture = newest;
    }

    /** On the event thread. */
    void heard(SequencedEvent event) {
        switch (event.event()) {
            case CoordinatorEvent.AgentAttached(String agent, String _, String _) -> {
                attached.increment();
                attachTimes.attached(agent);
            }
            case CoordinatorEvent.AgentLost _ -> lost.increment();
            case CoordinatorEvent.TermClaimed claim -> {
                Counter counter = claims.get(claim.verdict());
                if (counter != null) {
                    counter.increment((double) claim.claims());
                }
            }
            case CoordinatorEvent.StepsCompleted steps -> stepped(steps, event.monotonicNanos());
            case CoordinatorEvent.IncidentProgressed(
                            String ofJob,
                            Incident incident,
                            var _,
                            var _) ->
                    began(ofJob, incident);
            case CoordinatorEvent.IncidentClosed(String ofJob, Incident incident) -> {
                began(ofJob, incident);
                closed(ofJob, incident);
            }
            default -> {
                // Others are shown by the picture, or counted by nobody.
            }
        }
    }

    private void stepped(CoordinatorEvent.StepsCompleted steps, long now) {
        boolean goesOn = steps.job().equals(job) && steps.epoch() == epoch;
        long count = steps.job().equals(job) ? steps.step() - step : steps.step();
        if (count > 0 && (goesOn || steps.stepsPerSecond() > 0)) {
            // Between two words of one view it is measured; before the first word it is told.
            double each =
                    goesOn ? (now - stepNanos) / (double) count : 1e9 / steps.stepsPerSecond();
            var time = Duration.ofNanos(Math.round(each));
            exemplars.with(
                    readings.traceOfStep(steps.job(), steps.step()),
                    () -> {
                        for (long i = 0; i < count; i++) {
                            stepTime.record(time);
                        }
                    });
        }
        job = steps.job();
        epoch = steps.epoch();
        step = steps.step();
        stepNanos = now;
    }

    private void began(String ofJob, Incident incident) {
        if (!ofJob.equals(incidentJob)) {
            incidentJob = ofJob;
            newestIncident = 0;
            newestRepeated = 0;
        }
        if (incident.id() > newestIncident) {
            newestIncident = incident.id();
            Counter counter = incidents.get(incident.kind());
            if (counter != null) {
                counter.increment();
            }
        }
        repeated(incident);
    }

    private void repeated(Incident incident) {
        if (incident.repeats() >= MANY_REPEATS && incident.id() > newestRepeated) {
            newestRepeated = incident.id();
            repeated.increment();
        }
    }

    private void closed(String ofJob, Incident incident) {
        String trace = readings.traceOfIncident(ofJob, incident.id());
        exemplars.with(
                trace.isEmpty() ? "incident-" + incident.id() : trace,
                () -> {
                    Incident.Phases spent = incident.phases();
                    detection.record(Duration.ofNanos(spent.detect()));
                    record(Incident.Phase.FENCE, spent.fence());
                    record(Incident.Phase.DECIDE, spent.decide());
                    record(Incident.Phase.RESTORE, spent.restore());
                    record(Incident.Phase.RESUME, spent.resume());
                });
    }

    private void record(Incident.Phase phase, long nanos) {
        Timer timer = phases.get(phase);
        if (timer != null) {
            timer.record(Duration.ofNanos(nanos));
        }
    }

    private static String verdict(TermVerdict verdict) {
        return switch (verdict) {
            case HELD -> "untrue";
            case MOVED -> "true";
            case UNKNOWN -> "unknown";
        };
    }

    private double agents(String state) {
        return picture.agents().stream().filter(agent -> agent.state().equals(state)).count();
    }

    private double away(MaintenanceState state) {
        return picture.maintenance().stream().filter(agent -> agent.state() == state).count();
    }

    private double sum(ToLongFunction<AgentPicture> bytes) {
        return picture.agents().stream().filter(LeaderMeters::here).mapToLong(bytes).sum();
    }

    private double fullest() {
        return picture.agents().stream()
                .filter(agent -> here(agent) && agent.arenaBudgetBytes() > 0)
                .mapToDouble(agent -> (double) agent.arenaUsedBytes() / agent.arenaBudgetBytes())
                .max()
                .orElse(0);
    }

    private static boolean here(AgentPicture agent) {
        return !agent.state().equals("lost");
    }

    private static Duration[] millis(long... bounds) {
        return LongStream.of(bounds).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
    }

    @Override
    public void close() {
        group.close();
    }
}
