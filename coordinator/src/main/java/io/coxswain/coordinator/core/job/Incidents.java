package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.recovery.RecoveryReason;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The job's interruptions: at most one is open; what fails before it is over extends it. */
final class Incidents {
    /** Enough for a page and a report; older ones were published. */
    private static final int KEPT = 1_000;

    /**
     * Sources that are kept over all closed incidents. One has a source for each rank: a thousand
     * of 16,384 ranks would fill gigabytes.
     */
    private static final int KEPT_SOURCES = 262_144;

    /** Causes of one incident that are told in words; more are counted. */
    private static final int TOLD_CAUSES = 16;

    private final Job job;
    private final ArrayList<Incident> closed = new ArrayList<>();

    /** Incidents before this in {@link #closed} have no sources left. */
    private int withoutSources;

    private int keptSources;
    private final Waterfall waterfall = new Waterfall();
    private final Repeats repeating = new Repeats();
    private final Set<String> agents = new LinkedHashSet<>();
    private List<Incident.Source> sources = List.of();
    private Incident.Kind kind = Incident.Kind.HOST;
    private String cause = "";
    private int causes;
    private int repeats;
    private @Nullable RecoveryReason reason;
    private boolean open;

    /** What is open is no failure: the job is paused. */
    private boolean pause;

    private int nextId = 1;
    private int id;
    private long beganNanos;
    private long atStep;
    private long resumedAtStep;
    private long stepsLost;

    Incidents(Job job) {
        this.job = job;
    }

    /** Something failed and is not over; a pause is nothing of the kind. */
    boolean isOpen() {
        return open && !pause;
    }

    /** What another leader told: all of it is over. */
    void inherit(List<Incident> former) {
        for (Incident incident : former) {
            keep(incident.over());
            nextId = Math.max(nextId, incident.id() + 1);
        }
    }

    /**
     * Opens an incident that was detected now, {@code detectNanos} after the last sign of life; or
     * extends the open one. Nothing before the first view was active.
     */
    void openOrExtend(Incident.Kind what, String agent, String text, long detectNanos) {
        if (job.lineage.branches().isEmpty()) {
            return;
        }
        pauseEnds();
        if (open) {
            extend(what, agent, text);
        } else {
            begin(what, agent, text, detectNanos);
            failed(what, agent, text);
        }
        progressed(waterfall.phase(), text);
    }

    private void extend(Incident.Kind what, String agent, String text) {
        agents.add(agent);
        causes++;
        if (causes <= TOLD_CAUSES) {
            cause = cause + "; " + text;
        }
        if (kind == Incident.Kind.PLANNED && what != Incident.Kind.PLANNED) {
            // What was meant has become what was not.
            job.cadence.failed();
            kind = what;
        }
        repeats = Math.max(repeats, repeating.met(job.completedStep, what, agent, text));
    }

    private void begin(Incident.Kind what, String agent, String text, long detectNanos) {
        open = true;
        pause = false;
        id = nextId++;
        agents.clear();
        if (!agent.isEmpty()) {
            agents.add(agent);
        }
        sources = List.of();
        kind = what;
        cause = text;
        causes = 1;
        reason = null;
        atStep = job.completedStep;
        resumedAtStep = job.completedStep;
        stepsLost = 0;
        beganNanos = jobTime() - Math.max(0, detectNanos);
        waterfall.begin(
                agent, text, detectNanos, job.view == null ? 0 : job.view.epoch(), jobTime());
        repeats = 1;
    }

    private void failed(Incident.Kind what, String agent, String text) {
        job.cadence.failed();
        repeats = repeating.met(atStep, what, agent, text);
    }

    /**
     * The job is being stopped on request. One is open at most: what fails ends this one, and the
     * pause is told anew once that is over.
     */
    void pauseBegins(String text) {
        if (open || job.lineage.branches().isEmpty()) {
            return;
        }
        begin(Incident.Kind.PLANNED, "", text, 0);
        pause = true;
        progressed(waterfall.phase(), text);
    }

    /** Steps complete again, or something else is told of now. */
    void pauseEnds() {
        if (open && pause) {
            close();
        }
    }

    /** What went before is over; {@code next} begins. */
    void advance(Incident.Phase next, String why) {
        if (!open) {
            return;
        }
        if (waterfall.phase() == next) {
            waterfall.more(why, job.promiseEpoch());
        } else {
            waterfall.next(next, why, job.promiseEpoch(), jobTime());
            progressed(next, why);
        }
    }

    /** A worker came back, or took its state; with the times that this took. */
    void note(String text) {
        if (open && waterfall.note(text)) {
            progressed(waterfall.phase(), text);
        }
    }

    /** The phase that runs takes as long as it does for the sake of those agents. */
    void waitFor(List<String> names) {
        if (open) {
            waterfall.waitFor(names);
        }
    }

    /** What was decided last, and why. */
    void decided(RecoveryReason why) {
        if (open) {
            reason = why;
            boolean conflict =
                    switch (why) {
                        case RecoveryReason.FromSeed seed -> !seed.conflicts().isEmpty();
                        case RecoveryReason.NewestHeldByAll held -> !held.conflicts().isEmpty();
                        case RecoveryReason.NoCommonStep none -> !none.conflicts().isEmpty();
                        case RecoveryReason.TooFewReady few -> false;
                        case RecoveryReason.Former former -> false;
                    };
            if (conflict) {
                corrupted();
            }
        }
    }

    /** States that must be equal are not. */
    void corrupted() {
        if (open) {
            kind = Incident.Kind.CORRUPTION;
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
        repeating.viewActive();
        if (open) {
            resumedAtStep = baseStep;
            stepsLost += lost;
            sources = from;
        }
    }

    /** Steps complete at full strength again. */
    void close() {
        if (open) {
            waterfall.end(jobTime());
            open = false;
            Incident over = snapshot(true);
            keep(over);
            job.publish(new CoordinatorEvent.IncidentClosed(job.spec.jobId(), over));
        }
    }

    /** A loss that stopped nobody: it is over with the repair. */
    void passing(Incident.Kind what, String agent, String text, long detectNanos) {
        boolean paused = open && pause;
        pauseEnds();
        begin(what, agent, text, detectNanos);
        failed(what, agent, text);
        progressed(Incident.Phase.DETECT, text);
        close();
        if (paused) {
            job.pausing.again();
        }
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

    private long jobTime() {
        return job.now - job.openedNanos;
    }

    private void progressed(Incident.Phase phase, String why) {
        job.publish(
                new CoordinatorEvent.IncidentProgressed(job.spec.jobId(), current(), phase, why));
    }

    private Incident snapshot(boolean over) {
        return new Incident(
                id,
                causes > TOLD_CAUSES ? cause + "; and " + (causes - TOLD_CAUSES) + " more" : cause,
                List.copyOf(agents),
                atStep,
                resumedAtStep,
                stepsLost,
                sources,
                waterfall.phases(!over, jobTime()),
                over,
                kind,
                beganNanos,
                waterfall.stretches(!over, jobTime()),
                reason,
                repeats,
                null);
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
