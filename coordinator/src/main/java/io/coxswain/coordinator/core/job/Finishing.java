package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.FinalShard;
import io.coxswain.coordinator.core.model.Lineage;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.view.StepTimes;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The end: collects the final states of a completed job, makes the result durable, then tells
 * everybody. Until then agents keep all they have.
 */
final class Finishing {
    private final Job job;
    private final TreeMap<Integer, FinalShard> shards = new TreeMap<>();
    private List<Lineage.Segment> segments = List.of();
    private int asked;
    private JobPhase outcome = JobPhase.FAILED;
    private @Nullable JobResult result;

    Finishing(Job job) {
        this.job = job;
    }

    /** All steps are completed. */
    void begin() {
        View view = job.activeView();
        shards.clear();
        asked = 1;
        segments = job.lineage.segments(job.completedStep);
        job.incidents.pauseEnds();
        job.pausing.jobOver();
        job.slots.running(Category.CONTROLLER_WAIT);
        job.enter(JobPhase.FINISHING, "all " + job.spec.steps() + " steps are completed");
        var placement = job.placement;
        job.emit(
                new JobEffect.PersistView(
                        JobEffect.ViewState.FINISHING, view, placement, job.lineage));
        for (AgentProfile member : view.members()) {
            collect(view, member);
        }
        job.timer(JobEffect.TimerKind.FINAL_LIMIT, view.epoch(), job.limits.finalNanos());
    }

    private void collect(View view, AgentProfile member) {
        job.emit(
                new JobEffect.SendCollectFinal(
                        member.key(), view.epoch(), job.completedStep, segments));
    }

    /** True if that rank's final state is in. */
    boolean has(int rank) {
        return shards.containsKey(rank);
    }

    /** The member's stream broke and is back. */
    void resend(Roster.Member member) {
        if (member.rank >= 0 && !has(member.rank)) {
            collect(job.activeView(), member.profile);
        }
    }

    void reported(Roster.Member member, FinalShard shard) {
        if (job.phase != JobPhase.FINISHING
                || shard.epoch() != job.activeView().epoch()
                || shard.step() != job.completedStep
                || member.rank < 0
                || shard.rank() != member.rank) {
            return;
        }
        shards.putIfAbsent(shard.rank(), shard);
        if (shards.size() == job.spec.mesh().ranks()) {
            combine();
        }
    }

    private void combine() {
        switch (FinalDigestRule.combine(job.spec.mesh(), shards.values())) {
            case FinalDigestRule.Verdict.Combined combined -> complete(combined.hex());
            case FinalDigestRule.Verdict.Disagreement disagreement -> {
                String what = "the final states disagree: " + disagreement.text();
                if (!job.spec.runtimeReduces()) {
                    throw new InvariantBroken("I2", what + "; " + job.describe());
                }
                fail(
                        what
                                + "; what several ranks of a program that reduces by itself hold"
                                + " must be the same in all of them");
            }
            case FinalDigestRule.Verdict.Incomplete incomplete ->
                    fail(
                            "the final states do not make a whole: "
                                    + incomplete.text()
                                    + "; the runtime's final report is wrong");
        }
    }

    private void complete(String digest) {
        FinalShard evaluation = shards.firstEntry().getValue();
        for (FinalShard shard : shards.values()) {
            if (shard.evaluated()) {
                evaluation = shard;
                break;
            }
        }
        long expected = job.spec.steps() * job.spec.batch();
        if (evaluation.evaluated()
                && job.spec.collectivesAcross().equals("agent")
                && evaluation.samplesSeen() != expected) {
            throw new InvariantBroken(
                    "I6",
                    "rank "
                            + evaluation.rank()
                            + " counts "
                            + evaluation.samplesSeen()
                            + " samples in the completed history, "
                            + job.spec.steps()
                            + " steps of "
                            + job.spec.batch()
                            + " make "
                            + expected
                            + "; "
                            + job.describe());
        }
        record(
                JobPhase.COMPLETED,
                new JobResult(
                        true,
                        "",
                        job.completedStep,
                        digest,
                        job.stepping.lastLoss(),
                        evaluation.heldOutLoss(),
                        evaluation.accuracy(),
                        evaluation.samplesSeen(),
                        evaluation.samplesDistinctPerPass()));
    }

    /** Some final states did not come: asks again once, then goes on without those members. */
    void limitReached(long timerEpoch) {
        if (job.phase != JobPhase.FINISHING || timerEpoch != job.activeView().epoch()) {
            return;
        }
        var silent = new ArrayList<Roster.Member>();
        for (Roster.Member member : job.roster.all()) {
            if (member.rank >= 0 && !has(member.rank)) {
                silent.add(member);
            }
        }
        if (asked == 1 || silent.isEmpty()) {
            asked++;
            silent.forEach(this::resend);
            job.timer(JobEffect.TimerKind.FINAL_LIMIT, timerEpoch, job.limits.finalNanos());
            return;
        }
        for (int i = 1; i < silent.size(); i++) {
            job.roster.shun(silent.get(i), true);
        }
        job.losses.suspect(
                silent.getFirst(),
                Incident.Kind.HANG,
                "its final state did not come, though asked for twice",
                asked * job.limits.finalNanos());
    }

    /** The job cannot go on. */
    void fail(String reason) {
        record(JobPhase.FAILED, without(reason));
    }

    void cancel(String reason) {
        switch (job.phase) {
            case RECORDING, COMPLETED, FAILED, CANCELLED -> {}
            case WAITING,
                    FENCING,
                    PLANNING,
                    RETURN_WAIT,
                    PERSISTING,
                    PREPARING,
                    ACTIVATING,
                    ACTIVE,
                    FINISHING -> {
                record(JobPhase.CANCELLED, without("cancelled: " + reason));
            }
        }
    }

    private JobResult without(String reason) {
        return new JobResult(
                false,
                reason,
                job.completedStep,
                "",
                job.stepping.lastLoss(),
                Double.NaN,
                Double.NaN,
                0,
                List.of());
    }

    private void record(JobPhase end, JobResult what) {
        if (job.phase == JobPhase.ACTIVE) {
            bookUnderWay();
        }
        outcome = end;
        result = what;
        job.pausing.jobOver();
        // The account ends with the report of it, which cannot tell how long it takes to be kept.
        job.slots.turn(Category.CONTROLLER_WAIT, job.now);
        job.slots.close(Category.CONTROLLER_WAIT, job.now);
        job.preparing.drop();
        job.enter(JobPhase.RECORDING, what.completed() ? "all final states are in" : what.reason());
        job.emit(new JobEffect.PersistResult(what));
    }

    /**
     * What was begun after the last report never completes. Beyond what a step takes nobody made
     * one: ranks waited for leave, or for something that nobody found out yet.
     */
    private void bookUnderWay() {
        StepTimes times = job.stepping.pace.times();
        long most = times.known() ? 2 * times.meanNanos() : job.limits.leaseNanos();
        for (int slot = 0; slot < job.spec.mesh().ranks(); slot++) {
            long until = Math.min(job.now, job.slots.cursor(slot) + most);
            job.slots.stretch(slot, Category.LOST_PROGRESS, until);
        }
        boolean waits = job.completedStep >= job.stepping.grantedThrough();
        job.slots.running(waits ? Category.CONTROLLER_WAIT : Category.DETECTION);
    }

    /** The result is durable. */
    void resultPersisted() {
        JobResult what = result;
        if (job.phase != JobPhase.RECORDING || what == null) {
            return;
        }
        job.enter(outcome, what.completed() ? "completed" : what.reason());
        job.publish(
                new CoordinatorEvent.JobFinished(
                        job.spec.jobId(), what.completed(), what.reason(), what.finalDigest()));
        String reason = what.completed() ? "the job is completed" : what.reason();
        for (Roster.Member member : job.roster.all()) {
            job.emit(new JobEffect.SendEndJob(member.key, reason));
        }
    }

    /** The result once there is one; durable when the phase says the job is over. */
    @Nullable JobResult result() {
        return result;
    }
}
