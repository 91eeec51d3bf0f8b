package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.ledger.LedgerEntry;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * What the parts of a job's machine share. Only they touch it, within one {@link JobMachine#step}.
 */
final class Job {
    /** A change of phase, for dumps. */
    record PhaseChange(long atNanos, JobPhase phase, String reason) {
        @Override
        public String toString() {
            return atNanos + " " + phase + ": " + reason;
        }
    }

    /** Each leader tells of epochs that no record has one by one, and few of them. */
    private static final long MOST_EPOCHS_AHEAD = 1_000_000;

    private static final int HISTORY = 64;

    final JobSpec spec;
    final JobLimits limits;
    final Roster roster = new Roster();
    final Incidents incidents;
    final SlotClock slots;
    final Arrivals arrivals;
    final Losses losses;
    final Fencing fencing;
    final Preparing preparing;
    final ViewFailures viewFailures;
    final Protection protection;
    final Cadence cadence;
    final Stepping stepping;
    final Finishing finishing;
    final Pausing pausing;
    final Draining draining;

    /** When the job's time began. */
    final long openedNanos;

    long now;
    JobPhase phase = JobPhase.WAITING;
    long phaseSinceNanos;
    String phaseReason = "submitted";
    @Nullable WaitReason waiting;

    /** What the first ready agent said; the others must say the same. */
    @Nullable StateLayout layout;

    /** The view that is active, or was last. */
    @Nullable View view;

    @Nullable Placement placement;
    Lineage lineage = Lineage.EMPTY;
    long completedStep;
    long protectedStep;

    /** The newest step anybody was seen at, completed or not. */
    long newestSeen;

    private final ArrayList<JobEffect> effects = new ArrayList<>();
    private final ArrayList<LedgerEntry> ledger = new ArrayList<>();
    private final ArrayDeque<PhaseChange> history = new ArrayDeque<>();
    private long nextEpoch;

    /**
     * The highest epoch that agents were asked to promise; what they held before is out of date.
     */
    private long promiseEpoch;

    /** The highest epoch that a view record carries. */
    private long recordedEpoch;

    private long highestPromise;

    Job(JobSpec spec, long nextEpoch, JobLimits limits, long nowNanos) {
        this(spec, nextEpoch, limits, nowNanos, new LedgerEntry.Opened(ranks(spec), nowNanos));
    }

    /** A job whose account another leader opened. */
    Job(
            JobSpec spec,
            long nextEpoch,
            JobLimits limits,
            long nowNanos,
            LedgerEntry.Resumed account) {
        this(spec, nextEpoch, limits, nowNanos, (LedgerEntry) account);
    }

    private static int ranks(JobSpec spec) {
        return spec.mesh().ranks();
    }

    private Job(
            JobSpec spec, long nextEpoch, JobLimits limits, long nowNanos, LedgerEntry opening) {
        this.spec = spec;
        this.limits = limits;
        this.nextEpoch = Math.max(1, nextEpoch);
        openedNanos =
                opening instanceof LedgerEntry.Resumed resumed ? resumed.openedNanos() : nowNanos;
        now = nowNanos;
        phaseSinceNanos = nowNanos;
        slots =
                new SlotClock(
                        spec.mesh().ranks(),
                        opening instanceof LedgerEntry.Resumed resumed
                                ? resumed.cursorNanos()
                                : nowNanos,
                        ledger);
        ledger.add(opening);
        incidents = new Incidents(this);
        arrivals = new Arrivals(this);
        losses = new Losses(this);
        fencing = new Fencing(this);
        preparing = new Preparing(this);
        viewFailures = new ViewFailures(this);
        protection = new Protection(this);
        cadence = new Cadence(this);
        stepping = new Stepping(this);
        finishing = new Finishing(this);
        pausing = new Pausing(this);
        draining = new Draining(this);
        history.add(new PhaseChange(nowNanos, phase, phaseReason));
    }

    /** The phase in which a job is taken over; before anything else. */
    void begin(JobPhase first, String reason) {
        phase = first;
        phaseReason = reason;
        history.clear();
        history.add(new PhaseChange(now, first, reason));
    }

    /** A record of that epoch stands, and agents promised it. */
    void inherit(long epoch) {
        recordedEpoch = Math.max(recordedEpoch, epoch);
        promising(epoch);
        heardPromise(epoch);
    }

    /** The one place where the phase changes. */
    void enter(JobPhase next, String reason) {
        if (!phase.next().contains(next)) {
            throw new InvariantBroken(
                    "I14",
                    "phase "
                            + phase
                            + " cannot become "
                            + next
                            + " ("
                            + reason
                            + "); "
                            + describe());
        }
        phase = next;
        phaseSinceNanos = now;
        phaseReason = reason;
        if (history.size() == HISTORY) {
            history.removeFirst();
        }
        history.addLast(new PhaseChange(now, next, reason));
        if (next != JobPhase.WAITING && next != JobPhase.RETURN_WAIT && next != JobPhase.PLANNING) {
            waiting = null;
        }
    }

    void emit(JobEffect effect) {
        effects.add(effect);
    }

    void publish(CoordinatorEvent event) {
        effects.add(new JobEffect.Publish(event));
    }

    void timer(JobEffect.TimerKind kind, long epoch, long delayNanos) {
        effects.add(new JobEffect.SetTimer(kind, epoch, Math.max(0, delayNanos)));
    }

    /** The job makes no steps; says so once per reason. */
    void waitFor(WaitReason reason) {
        if (!reason.equals(waiting)) {
            waiting = reason;
            publish(new CoordinatorEvent.JobWaiting(spec.jobId(), reason.text()));
        }
    }

    /** A new epoch, higher than every one before. */
    long allocateEpoch() {
        return nextEpoch++;
    }

    /**
     * An epoch for a plan: the fence's own if no view carries it yet and nobody promised a higher
     * one.
     */
    long planEpoch() {
        if (promiseEpoch > recordedEpoch && promiseEpoch >= highestPromise) {
            return promiseEpoch;
        }
        return allocateEpoch();
    }

    /** A view record with that epoch is about to be written. */
    void recording(long epoch) {
        if (epoch <= recordedEpoch || epoch >= nextEpoch || epoch < promiseEpoch) {
            throw new InvariantBroken(
                    "I1",
                    "a view with epoch "
                            + epoch
                            + " was planned; views up to "
                            + recordedEpoch
                            + " exist, agents were fenced at "
                            + promiseEpoch
                            + ", the next free epoch is "
                            + nextEpoch
                            + "; "
                            + describe());
        }
        recordedEpoch = epoch;
    }

    /** Agents are asked to promise that epoch. */
    void promising(long epoch) {
        promiseEpoch = Math.max(promiseEpoch, epoch);
        highestPromise = Math.max(highestPromise, epoch);
    }

    /**
     * An agent promised an epoch to somebody: this job must use higher ones. What no leader can
     * have come to is a lie, and uses up no epochs.
     */
    void heardPromise(long epoch) {
        if (epoch - nextEpoch > MOST_EPOCHS_AHEAD) {
            return;
        }
        highestPromise = Math.max(highestPromise, epoch);
        nextEpoch = Math.max(nextEpoch, epoch + 1);
    }

    long promiseEpoch() {
        return promiseEpoch;
    }

    long nextEpoch() {
        return nextEpoch;
    }

    /** True if that inventory cannot change any more before the next view is prepared. */
    boolean isFinal(Inventory inventory) {
        return inventory.promisedEpoch() >= promiseEpoch || holdsNothing(inventory);
    }

    static boolean holdsNothing(Inventory inventory) {
        return inventory.live() == null
                && inventory.snapshots().isEmpty()
                && inventory.copies().isEmpty()
                && inventory.tail() == null;
    }

    /** True before any view was active and before any fence: nobody holds anything of this job. */
    boolean pristine() {
        return promiseEpoch == 0;
    }

    View activeView() {
        View active = view;
        if (active == null) {
            throw new IllegalStateException("no view was ever active; " + describe());
        }
        return active;
    }

    /** The rank of that agent in the last active view, or -1. */
    int rankOf(AgentKey key) {
        Roster.Member member = roster.find(key);
        return member == null ? -1 : member.rank;
    }

    Transition take() {
        if (effects.isEmpty() && ledger.isEmpty()) {
            return Transition.NONE;
        }
        var transition = new Transition(effects, ledger);
        effects.clear();
        ledger.clear();
        return transition;
    }

    List<PhaseChange> history() {
        return List.copyOf(history);
    }

    String describe() {
        return "job " + spec.jobId() + ", completed step " + completedStep + ", history " + history;
    }
}
