package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.pause.PauseState;
import io.coxswain.coordinator.core.view.StepTimes;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The life of one job, as a deterministic machine: an event and the time go in, effects and ledger
 * bookings come out. It knows no clock, thread, socket or store.
 *
 * <p><b>Confinement.</b> The state is mutable and belongs to one thread. <b>Idempotence.</b>
 * Duplicates do no harm; events of unknown incarnations and of older epochs are dropped.
 * <b>Durability.</b> What must not happen before a record is durable waits for the event that says
 * so: {@code PrepareView} for the PREPARING record, {@code StartView} for the ACTIVE record, {@code
 * JobFinished} for the result. <b>Errors.</b> {@link InvariantBroken} means that the machine or
 * what it was told is wrong beyond repair: its owner stops, and the machine is not used again.
 * <b>Cost.</b> A progress report costs O(log n); only views, grants, placements and reports of all
 * cost O(ranks).
 */
public final class JobMachine {
    private final Job job;

    private JobMachine(Job job) {
        this.job = job;
    }

    /**
     * A job that was just admitted. Its slots exist from {@code nowNanos} on; the booking that says
     * so comes with {@link #opening} or the first {@link #step}.
     *
     * @param nextEpoch the lowest epoch that this job never used; at least 1
     */
    public static JobMachine submitted(
            JobSpec spec, long nextEpoch, JobLimits limits, long nowNanos) {
        return new JobMachine(new Job(spec, nextEpoch, limits, nowNanos));
    }

    /**
     * A job that ran under another leader; {@link #opening} says what follows from the takeover.
     * What the agents said since they attached is to be told after that, in order.
     */
    public static JobMachine takenOver(Takeover takeover, JobLimits limits, long nowNanos) {
        return new JobMachine(Succession.begin(takeover, limits, nowNanos));
    }

    /** When the job's time began, in the owner's; may be before that began. */
    public long openedNanos() {
        return job.openedNanos;
    }

    /**
     * What the submission itself leads to: opens the account and says how many agents are needed.
     * Empty after the first event.
     */
    public Transition opening() {
        if (job.phase == JobPhase.WAITING && job.pristine() && job.waiting == null) {
            job.arrivals.considerStart();
        }
        return job.take();
    }

    /**
     * Takes one event.
     *
     * @param nowNanos the owner's monotonic time; never goes back
     * @throws InvariantBroken if an invariant does not hold
     */
    public Transition step(JobEvent event, long nowNanos) {
        if (nowNanos < job.now) {
            throw new InvariantBroken(
                    "I13",
                    "time went back from "
                            + job.now
                            + " to "
                            + nowNanos
                            + " at "
                            + event
                            + "; "
                            + job.describe());
        }
        job.now = nowNanos;
        switch (event) {
            case JobEvent.AgentAttached attached -> job.arrivals.attached(attached);
            case JobEvent.AgentReady ready -> {
                Roster.Member member = from(ready.agent());
                if (member != null) {
                    job.arrivals.ready(member, ready);
                }
            }
            case JobEvent.AgentUnfit unfit -> {
                Roster.Member member = from(unfit.agent());
                if (member != null) {
                    job.arrivals.unfit(member, unfit.reason());
                }
            }
            case JobEvent.AgentLost lost -> {
                Roster.Member member = job.roster.find(lost.agent());
                if (member != null) {
                    job.losses.lost(member, lost.cause(), lost.lastSignNanos(), lost.planned());
                }
            }
            case JobEvent.InventoryReported reported -> {
                Roster.Member member = from(reported.agent());
                if (member != null) {
                    job.fencing.reported(member, reported.inventory());
                }
            }
            case JobEvent.ViewReadyReported ready -> {
                Roster.Member member = from(ready.agent());
                if (member != null) {
                    job.preparing.ready(member, ready);
                }
            }
            case JobEvent.ViewFailedReported failed -> {
                Roster.Member member = from(failed.agent());
                if (member != null) {
                    job.preparing.failed(member, failed);
                }
            }
            case JobEvent.ProgressReported reported -> {
                Roster.Member member = from(reported.agent());
                if (member != null) {
                    job.stepping.progress(member, reported.progress());
                }
            }
            case JobEvent.AllProgressed all -> job.stepping.allProgressed(all);
            case JobEvent.WorkerLostReported lost -> {
                Roster.Member member = from(lost.agent());
                if (member != null) {
                    job.losses.workerLostReported(member, lost);
                }
            }
            case JobEvent.CopyHeldReported held -> {
                Roster.Member member = from(held.agent());
                if (member != null) {
                    job.protection.held(member, held.copy());
                }
            }
            case JobEvent.CopiesRefused refused -> {
                Roster.Member member = from(refused.agent());
                if (member != null) {
                    job.protection.refused(member, refused.reason());
                }
            }
            case JobEvent.FinalStateReported reported -> {
                Roster.Member member = from(reported.agent());
                if (member != null) {
                    job.finishing.reported(member, reported.shard());
                }
            }
            case JobEvent.LinkAccused accused -> {
                Roster.Member accuser = from(accused.accuser());
                if (accuser != null) {
                    job.losses.accused(accuser, accused);
                }
            }
            case JobEvent.HangSuspected hang -> {
                Roster.Member member = job.roster.find(hang.agent());
                if (member != null) {
                    job.losses.hangs(member, hang);
                }
            }
            case JobEvent.StepsHaltedReported halted -> {
                Roster.Member member = from(halted.agent());
                if (member != null) {
                    job.draining.halted(member, halted);
                }
            }
            case JobEvent.MaintenanceOrdered orders ->
                    job.draining.ordered(orders.orders(), orders.inherited());
            case JobEvent.StoreReachable store -> job.draining.decides(store.reachable());
            case JobEvent.ViewPersisted persisted -> {
                job.preparing.persisted(persisted);
                job.protection.persisted(persisted);
            }
            case JobEvent.ResultPersisted persisted -> job.finishing.resultPersisted();
            case JobEvent.AccountPersisted persisted -> job.stepping.accountPersisted(persisted);
            case JobEvent.TimerFired fired -> timer(fired);
            case JobEvent.CancelRequested cancelled -> job.finishing.cancel(cancelled.reason());
            case JobEvent.PauseRequested asked -> job.pausing.pause(asked.reason());
            case JobEvent.ResumeRequested _ -> job.pausing.resume();
            case JobEvent.PausePersisted persisted -> job.pausing.persisted(persisted);
            case JobEvent.StepsHeld held -> {
                Roster.Member member = from(held.agent());
                if (member != null) {
                    job.pausing.held(member, held);
                }
            }
        }
        job.draining.settle();
        return job.take();
    }

    private Roster.@Nullable Member from(AgentKey agent) {
        Roster.Member member = job.roster.find(agent);
        if (member != null) {
            member.lastWordNanos = job.now;
        }
        return member;
    }

    private void timer(JobEvent.TimerFired fired) {
        switch (fired.kind()) {
            case FENCE_LIMIT -> job.fencing.limitReached(fired.epoch());
            case WORKER_RESTART -> job.fencing.restartLimitReached(fired.epoch());
            case PREPARE_LIMIT -> job.preparing.limitReached(fired.epoch());
            case SETTLE -> job.preparing.retry(fired.epoch());
            case RETURN_WAIT -> job.preparing.returnWaitOver(fired.epoch());
            case TICK -> job.stepping.tick(fired.epoch());
            case FINAL_LIMIT -> job.finishing.limitReached(fired.epoch());
        }
    }

    public JobSpec spec() {
        return job.spec;
    }

    public JobPhase phase() {
        return job.phase;
    }

    /** When the phase began. */
    public long phaseSinceNanos() {
        return job.phaseSinceNanos;
    }

    /** Why the phase was entered, for a person. */
    public String phaseReason() {
        return job.phaseReason;
    }

    /**
     * Whether it is to make steps.
     *
     * @param nowNanos the owner's time: who cannot be reached stops when its lease is over
     */
    public PauseState pause(long nowNanos) {
        return job.pausing.state(Math.max(nowNanos, job.now));
    }

    /** What a job that makes no steps waits for; null when it waits for nothing. */
    public @Nullable WaitReason waiting() {
        return job.waiting;
    }

    /** On which agents a job that makes no steps waits; empty where it waits for none of them. */
    public List<AgentKey> waitedFor() {
        return WaitedFor.of(job);
    }

    /** What the first ready agent said of the state; null before. */
    public @Nullable StateLayout layout() {
        return job.layout;
    }

    /** True if that agent holds a verified copy of the shard. */
    public boolean holdsCopy(AgentKey agent, int shard) {
        Roster.Member member = job.roster.find(agent);
        return member != null && member.copies.shards().contains(shard);
    }

    /** The view that is active, or was last; null before the first. */
    public @Nullable View view() {
        return job.view;
    }

    /** Who holds copies of whom in {@link #view}. */
    public @Nullable Placement placement() {
        return job.placement;
    }

    public Lineage lineage() {
        return job.lineage;
    }

    /** Every rank reported it. */
    public long completedStep() {
        return job.completedStep;
    }

    /** The newest completed step that every shard's holders have acknowledged. */
    public long protectedStep() {
        return job.protectedStep;
    }

    /** The next epoch that will be used is this or higher. */
    public long nextEpoch() {
        return job.nextEpoch();
    }

    /** Steps up to this are granted. */
    public long grantedThrough() {
        return job.stepping.grantedThrough();
    }

    /** What the job has shown of its step time. */
    public StepTimes stepTimes() {
        return job.stepping.pace.times();
    }

    /** In order, an open one last; the oldest of very many are forgotten. */
    public List<Incident> incidents() {
        return job.incidents.all();
    }

    /** What slots do since their last booking, as far as is known. */
    public Category runningCategory() {
        return job.slots.running();
    }

    /** The result, once there is one; durable when {@link #phase} is over. */
    public @Nullable JobResult result() {
        return job.finishing.result();
    }

    /** The last changes of phase with time and reason, for a dump. */
    public List<String> history() {
        return job.history().stream().map(Object::toString).toList();
    }
}
