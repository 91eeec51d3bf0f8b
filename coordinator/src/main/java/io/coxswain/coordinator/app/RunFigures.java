package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.job.Transition;
import io.coxswain.coordinator.core.ledger.GoodputLedger;
import io.coxswain.coordinator.core.ledger.IncidentCosts;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.statistics.RunStatistics;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * What the running job shows beside its account, kept for pictures and reports: it sees what the
 * job's machine is told and what it publishes. Owned by the decision loop.
 */
final class RunFigures {
    private static final int KEPT = 1_000;

    private final JobSpec spec;
    private final GoodputLedger ledger;
    private final RunStatistics statistics;
    private final IncidentCosts costs = new IncidentCosts();

    /** Loop time of the last sign of life, by incident. */
    private final LinkedHashMap<Integer, Long> began = new LinkedHashMap<>();

    /** Steps seen of each rank of {@link #view}. */
    private final long[] reported;

    private @Nullable View view;
    private Incident.@Nullable Phase phase;
    private String phaseReason = "";
    private List<String> deficits = List.of();
    private String survives = "";
    private String snapshots = "";
    private BigInteger lossBefore = BigInteger.ZERO;
    private long changes;
    private long placements;
    private int incidents;
    private int failuresOver;
    private boolean openFails;
    private long failuresNanos;
    private long views;
    private long copyBytes;
    private long copiesVerified;
    private long corruptions;
    private long fenced;

    RunFigures(JobSpec spec, GoodputLedger ledger) {
        this.spec = spec;
        this.ledger = ledger;
        int ranks = spec.mesh().ranks();
        statistics = new RunStatistics(ranks);
        reported = new long[ranks];
    }

    // ------------------------------------------------------------------ what is told

    /** One that ended under another leader. */
    void inherited(Incident incident, long beganNanos) {
        incidents++;
        bear(incident.id(), beganNanos);
        if (isFailure(incident)) {
            failuresOver++;
            failuresNanos += incident.phases().total();
        }
        BigInteger cost = incident.costSlotNanos();
        costs.inherited(incident.id(), cost == null ? BigInteger.ZERO : cost);
    }

    private void bear(int incident, long beganNanos) {
        began.put(incident, beganNanos);
        if (began.size() > KEPT) {
            began.pollFirstEntry();
        }
    }

    /** The machine is about to be told. */
    void told(JobEvent event) {
        switch (event) {
            case JobEvent.ProgressReported(AgentKey agent, Progress progress) ->
                    progressed(agent, progress);
            case JobEvent.InventoryReported answer -> {
                Progress tail = answer.inventory().tail();
                if (tail != null) {
                    progressed(answer.agent(), tail);
                }
            }
            case JobEvent.CopyHeldReported held -> {
                copiesVerified++;
                copyBytes += held.copy().bytes();
            }
            case JobEvent.ViewFailedReported failed -> corruptions += failed.badState() ? 1 : 0;
            case JobEvent.AgentAttached _,
                    JobEvent.AgentReady _,
                    JobEvent.AgentUnfit _,
                    JobEvent.AgentLost _,
                    JobEvent.StepsHaltedReported _,
                    JobEvent.MaintenanceOrdered _,
                    JobEvent.StoreReachable _,
                    JobEvent.ViewReadyReported _,
                    JobEvent.AllProgressed _,
                    JobEvent.WorkerLostReported _,
                    JobEvent.CopiesRefused _,
                    JobEvent.FinalStateReported _,
                    JobEvent.LinkAccused _,
                    JobEvent.HangSuspected _,
                    JobEvent.ViewPersisted _,
                    JobEvent.ResultPersisted _,
                    JobEvent.AccountPersisted _,
                    JobEvent.TimerFired _,
                    JobEvent.CancelRequested _,
                    JobEvent.PauseRequested _,
                    JobEvent.ResumeRequested _,
                    JobEvent.PausePersisted _,
                    JobEvent.StepsHeld _ -> {}
        }
    }

    // The machine has the same rule: what was seen before is skipped, other epochs are ghosts.
    private void progressed(AgentKey agent, Progress progress) {
        View active = view;
        if (active == null || progress.epoch() != active.epoch()) {
            fenced++;
            return;
        }
        int rank = progress.rank();
        if (rank < 0
                || rank >= reported.length
                || !active.members().get(rank).key().equals(agent)) {
            fenced++;
            return;
        }
        for (StepRun run : progress.runs()) {
            if (run.first() > reported[rank] && run.last() <= spec.steps()) {
                reported[rank] = run.last();
                statistics.reported(rank, run);
            }
        }
    }

    // ------------------------------------------------------------------ what is published

    /** Before anything of a transition is booked. */
    void before(Transition transition) {
        for (JobEffect effect : transition.effects()) {
            if (effect instanceof JobEffect.Publish(CoordinatorEvent event)
                    && event instanceof CoordinatorEvent.IncidentProgressed) {
                lossBefore = ledger.lossNanos();
                return;
            }
        }
    }

    /** The machine published that, its bookings are made. */
    void published(CoordinatorEvent event, JobMachine machine, long nowNanos) {
        switch (event) {
            case CoordinatorEvent.StepsCompleted steps -> {
                View active = view;
                JobPhase at = machine.phase();
                boolean stepping = at == JobPhase.ACTIVE || at == JobPhase.FINISHING;
                boolean made = stepping && active != null && steps.epoch() == active.epoch();
                statistics.completed(steps.step(), made, steps.loss(), nowNanos);
            }
            case CoordinatorEvent.ViewActivated _ -> {
                views++;
                changes++;
                statistics.stopped();
                View next = machine.view();
                if (next != null) {
                    activated(next);
                }
            }
            case CoordinatorEvent.JobTakenOver _ -> {
                changes++;
                View found = machine.view();
                if (found != null) {
                    activated(found);
                    Arrays.fill(reported, machine.completedStep());
                }
            }
            case CoordinatorEvent.JobPaused _, CoordinatorEvent.JobResumed _ -> {
                changes++;
                statistics.stopped();
            }
            case CoordinatorEvent.RolledBack back -> statistics.rolledBack(back.toStep());
            case CoordinatorEvent.IncidentProgressed progressed -> {
                changes++;
                phase = progressed.phase();
                phaseReason = progressed.reason();
                Incident incident = progressed.incident();
                openFails = isFailure(incident);
                costs.began(incident.id(), lossBefore);
                if (!began.containsKey(incident.id())) {
                    incidents++;
                    bear(incident.id(), nowNanos - incident.phases().total());
                }
            }
            case CoordinatorEvent.IncidentClosed closed -> {
                changes++;
                phase = null;
                openFails = false;
                if (isFailure(closed.incident())) {
                    failuresOver++;
                    failuresNanos += closed.incident().phases().total();
                }
                costs.closed(closed.incident().id(), ledger.lossNanos());
            }
            case CoordinatorEvent.PlacementChanged placement -> {
                placements++;
                deficits = placement.deficits();
                survives = placement.survives();
            }
            case CoordinatorEvent.SnapshotIntervalChosen chosen -> {
                snapshots =
                        (chosen.every() == 1 ? "each step" : "each " + chosen.every() + " steps")
                                + ": "
                                + chosen.reason().text();
            }
            case CoordinatorEvent.LeadershipGained _,
                    CoordinatorEvent.LeadershipLost _,
                    CoordinatorEvent.AgentAttached _,
                    CoordinatorEvent.AgentLost _,
                    CoordinatorEvent.AgentUnfit _,
                    CoordinatorEvent.MaintenanceChanged _,
                    CoordinatorEvent.TermClaimed _,
                    CoordinatorEvent.JobSubmitted _,
                    CoordinatorEvent.JobQueued _,
                    CoordinatorEvent.CapacityNeeded _,
                    CoordinatorEvent.JobWaiting _,
                    CoordinatorEvent.MetricsReported _,
                    CoordinatorEvent.ExportFailed _,
                    CoordinatorEvent.EvidenceTaken _,
                    CoordinatorEvent.JobFinished _,
                    CoordinatorEvent.Gap _ -> {}
        }
    }

    /** The newest active view. Ranks that changed hands begin anew. */
    private void activated(View next) {
        View before = view;
        for (int rank = 0; rank < reported.length; rank++) {
            boolean same =
                    before != null
                            && before.members()
                                    .get(rank)
                                    .key()
                                    .equals(next.members().get(rank).key());
            if (!same) {
                statistics.replaced(rank);
            }
        }
        Arrays.fill(reported, next.baseStep());
        view = next;
    }

    // ------------------------------------------------------------------ questions

    RunStatistics statistics() {
        return statistics;
    }

    /** When that incident's last sign of life was, in loop time. */
    long beganNanos(int incident) {
        return began.getOrDefault(incident, 0L);
    }

    BigInteger cost(int incident, BigInteger lossNow) {
        return costs.of(incident, lossNow);
    }

    /** Of the open incident; null while none is open. */
    Incident.@Nullable Phase phase() {
        return phase;
    }

    String phaseReason() {
        return phaseReason;
    }

    List<String> deficits() {
        return deficits;
    }

    /** How far apart snapshots are, where the coordinator chooses; else empty. */
    String snapshots() {
        return snapshots;
    }

    String survives() {
        return survives;
    }

    /** Grows with everything that must be seen at once. */
    long changes() {
        return changes;
    }

    /** Grows with each placement. */
    long placements() {
        return placements;
    }

    int incidents() {
        return incidents;
    }

    // What nobody planned and what stopped the job: a spare's death does not.
    private static boolean isFailure(Incident incident) {
        return switch (incident.kind()) {
            case HOST, SOFTWARE, HANG, LINK, CORRUPTION -> true;
            case SPARE, PLANNED -> false;
        };
    }

    /** Incidents that were failures, an open one included. */
    int failures() {
        return failuresOver + (openFails ? 1 : 0);
    }

    int failuresOver() {
        return failuresOver;
    }

    /** How long the failures that are over took together. */
    long failuresNanos() {
        return failuresNanos;
    }

    long views() {
        return views;
    }

    long copyBytes() {
        return copyBytes;
    }

    long copiesVerified() {
        return copiesVerified;
    }

    long corruptions() {
        return corruptions;
    }

    long fenced() {
        return fenced;
    }
}
