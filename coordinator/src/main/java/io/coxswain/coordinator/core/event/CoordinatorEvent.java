package io.coxswain.coordinator.core.event;

import io.coxswain.coordinator.core.maintenance.MaintenanceState;
import io.coxswain.coordinator.core.term.TermVerdict;
import io.coxswain.coordinator.core.view.IntervalReason;

import java.util.List;
import java.util.Map;

/** What a coordinator tells its listeners. Sealed: a {@code switch} over it needs no default. */
public sealed interface CoordinatorEvent {
    /** Leadership of this coordinator was gained with that term. */
    record LeadershipGained(long term) implements CoordinatorEvent {}

    record LeadershipLost(long term, String reason) implements CoordinatorEvent {}

    record AgentAttached(String agent, String incarnation, String domain)
            implements CoordinatorEvent {}

    record AgentLost(String agent, String incarnation, String cause) implements CoordinatorEvent {}

    /** An attached agent cannot run the job. */
    record AgentUnfit(String job, String agent, String reason) implements CoordinatorEvent {}

    /**
     * An agent is taken out of service, is further on the way there, or serves again.
     *
     * @param causes of operator, health and notice those that hold
     * @param reason who wants it, and why; empty: it serves
     * @param detail what it waits for, or what stands; may be empty
     */
    record MaintenanceChanged(
            String agent, MaintenanceState state, List<String> causes, String reason, String detail)
            implements CoordinatorEvent {
        public MaintenanceChanged {
            causes = List.copyOf(causes);
        }
    }

    /**
     * An agent said that another coordinator leads with a higher term. Told once a second at most.
     *
     * @param claimed the term that it spoke of
     * @param verdict HELD: ZooKeeper says that this is not so
     * @param claims how often it said so since it was told last
     * @param struckNanos so long its word is not looked into any more; 0: it is
     */
    record TermClaimed(
            String agent,
            String incarnation,
            long claimed,
            TermVerdict verdict,
            long claims,
            long struckNanos)
            implements CoordinatorEvent {}

    record JobSubmitted(String job, String name) implements CoordinatorEvent {}

    record JobQueued(String job, int position) implements CoordinatorEvent {}

    /** {@code slots} more agents are needed before the job can go on. */
    record CapacityNeeded(String job, int slots, Map<String, String> labels, long sinceNanos)
            implements CoordinatorEvent {}

    /** The job waits; the text says for what. */
    record JobWaiting(String job, String reason) implements CoordinatorEvent {}

    /** A view is ACTIVE. {@code members} by rank. */
    record ViewActivated(
            String job, long epoch, long baseStep, List<String> members, List<String> spares)
            implements CoordinatorEvent {}

    /**
     * Steps up to {@code step} are complete. Run-length: not every step gets an event.
     *
     * @param goodputRatio from the ledger; the job's machine does not own one and says {@link
     *     #UNKNOWN_RATIO}, the ledger's owner fills it in
     */
    record StepsCompleted(
            String job,
            long epoch,
            long step,
            long protectedStep,
            float loss,
            double stepsPerSecond,
            double goodputRatio)
            implements CoordinatorEvent {
        /** Nobody has asked a ledger yet. */
        public static final double UNKNOWN_RATIO = -1;

        /** The same with the ledger's word. */
        public StepsCompleted withGoodputRatio(double ratio) {
            return new StepsCompleted(job, epoch, step, protectedStep, loss, stepsPerSecond, ratio);
        }
    }

    /** Who holds copies, and what that survives, in words. */
    record PlacementChanged(
            String job,
            long epoch,
            long version,
            List<String> holders,
            List<String> deficits,
            String survives)
            implements CoordinatorEvent {}

    /**
     * With {@code protect.every: auto}: how far apart snapshots are from now on.
     *
     * @param afterStep steps above it are snapshotted at multiples of {@code every}
     */
    record SnapshotIntervalChosen(
            String job, long epoch, long afterStep, int every, IntervalReason reason)
            implements CoordinatorEvent {}

    /**
     * What the job's program measured, once a second at most.
     *
     * @param step in which the newest was measured
     * @param values by name; NaN and infinities are values
     */
    record MetricsReported(String job, long step, Map<String, Double> values)
            implements CoordinatorEvent {}

    /**
     * A part of the job's state could not be left in its folder ({@code runtime.export}). Steps go
     * on. Told when it begins to fail, when the reason changes, and once a minute.
     *
     * @param rank of the agent; -1: none
     * @param step whose state it is
     * @param path of the part
     */
    record ExportFailed(String job, String agent, int rank, long step, String path, String reason)
            implements CoordinatorEvent {
        /** For a person. */
        public String text() {
            return "the state of step "
                    + step
                    + " was not exported to "
                    + path
                    + ": "
                    + reason
                    + " (agent "
                    + agent
                    + (rank < 0 ? "" : ", rank " + rank)
                    + ")";
        }
    }

    /**
     * Something to look at was kept of a failure.
     *
     * @param incident to which it belongs; 0: none yet
     * @param rank of the agent; -1: none
     * @param step that was being made; 0: none
     * @param pieces what there is, such as {@code python-stacks.123.txt}
     */
    record EvidenceTaken(
            String job,
            int incident,
            String agent,
            int rank,
            long step,
            String reason,
            List<String> pieces)
            implements CoordinatorEvent {}

    /** An incident began or moved to its next phase. */
    record IncidentProgressed(String job, Incident incident, Incident.Phase phase, String reason)
            implements CoordinatorEvent {}

    /** An incident is over: the job completed a step at full strength again. */
    record IncidentClosed(String job, Incident incident) implements CoordinatorEvent {}

    /**
     * A new leader goes on with a job that ran under another one. Steps that members completed
     * meanwhile are told of next.
     *
     * @param epoch of the view that was found; 0: there was none yet
     * @param adopted the view goes on; else a new epoch begins
     * @param completedStep on account
     * @param jobTimeNanos from which the job's time goes on
     * @param reason why it is adopted, or why not
     */
    record JobTakenOver(
            String job,
            long epoch,
            boolean adopted,
            long completedStep,
            long protectedStep,
            long jobTimeNanos,
            String reason)
            implements CoordinatorEvent {}

    /** On request the job makes no steps: all ranks stand after that one, or none can step. */
    record JobPaused(String job, long step, String reason) implements CoordinatorEvent {}

    /** A paused job makes steps again, as soon as it can. */
    record JobResumed(String job, long step) implements CoordinatorEvent {}

    /** A recorded, visible rollback. */
    record RolledBack(String job, long fromStep, long toStep, String reason)
            implements CoordinatorEvent {}

    record JobFinished(String job, boolean completed, String reason, String finalDigest)
            implements CoordinatorEvent {}

    /**
     * Events {@code fromSequence..toSequence} are gone: the listener was too slow or asked too
     * late.
     */
    record Gap(long fromSequence, long toSequence) implements CoordinatorEvent {}
}
