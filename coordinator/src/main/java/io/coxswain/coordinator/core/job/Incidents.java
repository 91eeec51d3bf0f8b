package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;

/** The job's interruptions: at most one is open; what fails before it is over extends it. */
final class Incidents {
    /** Enough for a page and a report; older ones were published. */
    private static final int KEPT = 1_000;

    /**
     * Sources that are kept over all closed incidents. One has a source for each rank: a thousand
     * of 16,384 ranks would fill gigabytes.
     */
    private static final int KEPT_SOURCES = 262_144;

    private final Job job;
    private final ArrayList<Incident> closed = new ArrayList<>();

    /** Incidents before this in {@link #closed} have no sources left. */
    private int withoutSources;

    private int keptSources;
    private final EnumMap<Incident.Phase, Long> phaseNanos = new EnumMap<>(Incident.Phase.class);
    private final ArrayList<String> agents = new ArrayList<>();
    private List<Incident.Source> sources = List.of();
    private String cause = "";
    private boolean open;
    private int nextId = 1;
    private int id;
    private long atStep;
    private long resumedAtStep;
    private long stepsLost;
    private Incident.Phase phase = Incident.Phase.DETECT;
    private long sinceNanos;

    Incidents(Job job) {
        this.job = job;
    }

    boolean isOpen() {
        return open;
    }

    /**
     * Opens an incident that was detected now, {@code detectNanos} after the last sign of life; or
     * extends the open one. Nothing before the first view was active.
     */
    void openOrExtend(String agent, String what, long detectNanos) {
        if (job.lineage.branches().isEmpty()) {
            return;
        }
        if (!open) {
            begin(agent, what, detectNanos);
            job.publish(
                    new CoordinatorEvent.IncidentProgressed(
                            job.spec.jobId(), current(), phase, what));
            return;
        }
        if (!agents.contains(agent)) {
            agents.add(agent);
        }
        cause = cause + "; " + what;
        job.publish(
                new CoordinatorEvent.IncidentProgressed(job.spec.jobId(), current(), phase, what));
    }

    private void begin(String agent, String what, long detectNanos) {
        open = true;
        id = nextId++;
        phaseNanos.clear();
        agents.clear();
        agents.add(agent);
        sources = List.of();
        cause = what;
        atStep = job.completedStep;
        resumedAtStep = job.completedStep;
        stepsLost = 0;
        phaseNanos.put(Incident.Phase.DETECT, Math.max(0, detectNanos));
        phase = Incident.Phase.FENCE;
        sinceNanos = job.now;
    }

    /** What went before is over; {@code next} begins. */
    void advance(Incident.Phase next, String reason) {
        if (open) {
            charge();
        }
        if (open && phase != next) {
            phase = next;
            job.publish(
                    new CoordinatorEvent.IncidentProgressed(
                            job.spec.jobId(), current(), phase, reason));
        }
    }

    /** Where the states are to come from, as planned; what came of it is told when it is over. */
    void planned(List<Incident.Source> from) {
        if (open) {
            sources = from;
        }
    }

    /** The new view is active. */
    void installed(long baseStep, long lost, List<Incident.Source> from) {
        if (open) {
            resumedAtStep = baseStep;
            stepsLost += lost;
            sources = from;
        }
    }

    /** Steps complete at full strength again. */
    void close() {
        if (open) {
            charge();
            open = false;
            Incident over = snapshot(true);
            keep(over);
            job.publish(new CoordinatorEvent.IncidentClosed(job.spec.jobId(), over));
        }
    }

    /** A loss that stopped nobody: it is over with the repair. */
    void passing(String agent, String what, long detectNanos) {
        begin(agent, what, detectNanos);
        job.publish(
                new CoordinatorEvent.IncidentProgressed(
                        job.spec.jobId(), current(), Incident.Phase.DETECT, what));
        close();
    }

    /** The open incident as it stands. Ask only while one is open. */
    Incident current() {
        return snapshot(false);
    }

    /** All that are kept, in order; the open one last. Old ones may have no sources any more. */
    List<Incident> all() {
        var all = new ArrayList<>(closed);
        if (open) {
            all.add(current());
        }
        return List.copyOf(all);
    }

    private void charge() {
        phaseNanos.merge(phase, job.now - sinceNanos, Long::sum);
        sinceNanos = job.now;
    }

    private Incident snapshot(boolean over) {
        return new Incident(
                id,
                cause,
                agents,
                atStep,
                resumedAtStep,
                stepsLost,
                sources,
                new Incident.Phases(
                        spent(Incident.Phase.DETECT),
                        spent(Incident.Phase.FENCE),
                        spent(Incident.Phase.DECIDE),
                        spent(Incident.Phase.RESTORE),
                        spent(Incident.Phase.RESUME)),
                over);
    }

    private long spent(Incident.Phase phase) {
        return phaseNanos.getOrDefault(phase, 0L);
    }

    private void keep(Incident incident) {
        if (closed.size() == KEPT) {
            keptSources -= closed.removeFirst().sources().size();
            withoutSources = Math.max(0, withoutSources - 1);
        }
        closed.add(incident);
        keptSources += incident.sources().size();
        // The newest keeps its own, however many.
        while (keptSources > KEPT_SOURCES && withoutSources < closed.size() - 1) {
            Incident oldest = closed.get(withoutSources);
            keptSources -= oldest.sources().size();
            closed.set(withoutSources++, oldest.withoutSources());
        }
    }
}
