package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.maintenance.DrainRule;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.View;

import java.util.Arrays;
import java.util.function.Predicate;

/**
 * Has all ranks of the active view stop after the same step, so that a view can be planned from
 * that very step. Where agents reduce, each first says which step it will not go beyond, and then
 * the last of these steps is made by all: ranks are never further apart than one. Where the runtime
 * reduces, all make what was granted, and every rank has its state in a slot, since the fence ends
 * its processes.
 */
final class StepHalt {
    private static final long ANSWER_NANOS = 2_000_000_000L;
    private static final long LEAST_PATIENCE_NANOS = 30_000_000_000L;
    private static final long HOLD_NANOS = 10_000_000_000L;

    /** Bytes that any worker copies in a nanosecond, at least: a quarter of a byte. */
    private static final int NANOS_PER_BYTE = 4;

    private static final int STEPS_OF_PATIENCE = 8;

    private enum Round {
        NONE,
        /** Which step is nobody beyond? */
        ASKED,
        /** That step is made by all. */
        AGREED
    }

    private final Job job;
    private Round round = Round.NONE;
    private long epoch;
    private long number;
    private long sinceNanos;
    private long stoodNanos;
    private long after;
    private long[] through = {};
    private boolean[] holds = {};
    private boolean[] held = {};
    private int unanswered;

    StepHalt(Job job) {
        this.job = job;
    }

    boolean isUnderWay() {
        return round != Round.NONE;
    }

    /**
     * Asks all ranks.
     *
     * @param wanted whose state has to be in a slot
     */
    void begin(Predicate<AgentKey> wanted) {
        View view = job.activeView();
        if (isUnderWay()) {
            return;
        }
        int ranks = view.members().size();
        boolean all = job.spec.runtimeReduces();
        holds = new boolean[ranks];
        for (int rank = 0; rank < ranks; rank++) {
            holds[rank] = all || wanted.test(view.members().get(rank).key());
        }
        epoch = view.epoch();
        if (job.pausing.isStanding()) {
            ask(Round.AGREED, job.completedStep);
        } else if (all) {
            ask(Round.AGREED, job.stepping.grantedThrough());
        } else {
            ask(
                    Round.ASKED,
                    Math.min(job.stepping.newestReported() + 1, job.stepping.grantedThrough()));
        }
    }

    private void ask(Round next, long step) {
        View view = job.activeView();
        round = next;
        number++;
        after = step;
        sinceNanos = job.now;
        stoodNanos = -1;
        unanswered = view.members().size();
        through = new long[unanswered];
        Arrays.fill(through, -1);
        held = new boolean[unanswered];
        for (int rank = 0; rank < through.length; rank++) {
            send(view.members().get(rank), rank);
        }
    }

    private void send(AgentProfile member, int rank) {
        boolean hold = round == Round.AGREED && holds[rank];
        job.emit(new JobEffect.SendHalt(member.key(), epoch, number, after, hold));
    }

    /** It may not have heard of it. */
    void resend(Roster.Member member) {
        if (isUnderWay() && member.rank >= 0 && job.phase == JobPhase.ACTIVE) {
            send(member.profile, member.rank);
        }
    }

    /** A rank's word. */
    void answered(Roster.Member member, JobEvent.StepsHaltedReported event) {
        int rank = member.rank;
        if (!isUnderWay() || event.number() != number || event.epoch() != epoch || rank < 0) {
            return;
        }
        if (through[rank] < 0) {
            unanswered--;
        }
        through[rank] = event.through();
        held[rank] |= event.held();
    }

    /** Goes on from one round to the next; ends with the view. */
    void settle() {
        View view = job.view;
        if (!isUnderWay()) {
            return;
        }
        if (job.phase != JobPhase.ACTIVE || view == null || view.epoch() != epoch) {
            end();
            return;
        }
        if (round == Round.ASKED && unanswered == 0) {
            ask(Round.AGREED, Arrays.stream(through).max().orElse(after));
        }
        if (round == Round.AGREED && stoodNanos < 0 && job.completedStep >= after) {
            stoodNanos = job.now;
        }
    }

    /** How far it is. */
    DrainRule.Halt stage() {
        if (!isUnderWay()) {
            return DrainRule.Halt.NONE;
        }
        if (unanswered == 0 && stoodNanos >= 0 && allHeld()) {
            return DrainRule.Halt.STANDING;
        }
        return job.now - deadlineNanos() >= 0 ? DrainRule.Halt.OVERDUE : DrainRule.Halt.UNDER_WAY;
    }

    private boolean allHeld() {
        for (int rank = 0; rank < holds.length; rank++) {
            if (holds[rank] && !held[rank]) {
                return false;
            }
        }
        return true;
    }

    private long deadlineNanos() {
        if (unanswered > 0) {
            return sinceNanos + ANSWER_NANOS;
        }
        if (stoodNanos < 0) {
            return sinceNanos
                    + Math.max(
                            LEAST_PATIENCE_NANOS,
                            STEPS_OF_PATIENCE * job.stepping.pace.times().meanNanos());
        }
        StateLayout layout = job.layout;
        long largest =
                layout == null
                        ? 0
                        : layout.shardStateBytes().stream()
                                .mapToLong(Long::longValue)
                                .max()
                                .orElse(0);
        return stoodNanos + Math.max(HOLD_NANOS, NANOS_PER_BYTE * largest);
    }

    /** For a person. */
    String text() {
        return round == Round.AGREED
                ? "all ranks stop after step " + after
                : "all ranks are asked to stop";
    }

    /** Nobody leaves after all: steps go on. */
    void takeBack() {
        if (isUnderWay()) {
            end();
            if (job.phase == JobPhase.ACTIVE) {
                job.pausing.regrant();
            }
        }
    }

    /** It is over. */
    void end() {
        round = Round.NONE;
    }
}
