package io.coxswain.coordinator.core.event;

import io.coxswain.coordinator.core.recovery.RecoveryReason;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * One interruption, from the last word of what failed to the first step completed at full strength.
 *
 * @param cause in words; of many causes the first are told and the others counted
 * @param sources by rank; not copied, so whoever makes an incident never changes them again: they
 *     may be 100,000, put in words only when they are read
 * @param phases nanos; those not reached yet are 0
 * @param beganNanos job time of the last sign of life of what failed first
 * @param stretches the phases in the order in which they came, each as often as it came: a failure
 *     during the recovery starts it again. Of very many the first and the newest are kept; {@code
 *     phases} counts all
 * @param reason of the newest decision; null before there was one
 * @param repeats how often a cause of this incident was met at the step that it was met at, this
 *     time included; causes met at the same time count once
 * @param costSlotNanos what the incident cost, from the ledger; null from the job's machine, which
 *     does not own one: the ledger's owner fills it in
 */
public record Incident(
        int id,
        String cause,
        List<String> agents,
        long atStep,
        long resumedAtStep,
        long stepsLost,
        List<Source> sources,
        Phases phases,
        boolean closed,
        Kind kind,
        long beganNanos,
        List<Stretch> stretches,
        @Nullable RecoveryReason reason,
        int repeats,
        @Nullable BigInteger costSlotNanos) {
    /** What began it; a corruption found on the way outranks what began it. */
    public enum Kind {
        /** An agent with a rank is lost: its process or its host died or cannot be reached. */
        HOST,
        /** An agent without a rank is lost: nobody waits. */
        SPARE,
        /** A worker died or cannot run the job; its agent lives. */
        SOFTWARE,
        /** A worker makes no steps and its agent answers. */
        HANG,
        /** Members that live cannot reach each other. */
        LINK,
        /** States that must be equal were not. */
        CORRUPTION,
        /** An agent said that it leaves. */
        PLANNED
    }

    /** The phases of a recovery (design §1). */
    public enum Phase {
        DETECT,
        FENCE,
        DECIDE,
        RESTORE,
        RESUME
    }

    /**
     * Where a rank's state came from: {@code live}, {@code local}, {@code peer-copy}, {@code
     * fetched} or {@code init}.
     */
    public record Source(int rank, String agent, String source, String fromAgent, long bytes) {}

    /** Durations in nanoseconds. */
    public record Phases(long detect, long fence, long decide, long restore, long resume) {
        public static final Phases NONE = new Phases(0, 0, 0, 0, 0);

        public long total() {
            return detect + fence + decide + restore + resume;
        }
    }

    /**
     * One phase, once.
     *
     * @param epoch that was being installed; 0: none yet
     * @param beganNanos job time
     * @param nanos how long it took, or has taken so far
     * @param reason why it began
     * @param waitedFor the agents that it took this long for: those that came last or never
     */
    public record Stretch(
            Phase phase,
            long epoch,
            long beganNanos,
            long nanos,
            String reason,
            List<String> waitedFor) {
        public Stretch {
            waitedFor = List.copyOf(waitedFor);
        }
    }

    public Incident {
        agents = List.copyOf(agents);
        sources = Collections.unmodifiableList(sources);
        stretches = List.copyOf(stretches);
    }

    /** Somebody meant it: nobody is to be woken for it. */
    public boolean planned() {
        return kind == Kind.PLANNED;
    }

    /** All agents that some phase waited for, in the order of the phases. */
    public List<String> waitedFor() {
        var agents = new LinkedHashSet<String>();
        stretches.forEach(stretch -> agents.addAll(stretch.waitedFor()));
        return List.copyOf(agents);
    }

    /** The same without the ranks' sources, which were published when it closed. */
    public Incident withoutSources() {
        return new Incident(
                id,
                cause,
                agents,
                atStep,
                resumedAtStep,
                stepsLost,
                List.of(),
                phases,
                closed,
                kind,
                beganNanos,
                stretches,
                reason,
                repeats,
                costSlotNanos);
    }

    /** The same, over. */
    public Incident over() {
        return closed
                ? this
                : new Incident(
                        id,
                        cause,
                        agents,
                        atStep,
                        resumedAtStep,
                        stepsLost,
                        sources,
                        phases,
                        true,
                        kind,
                        beganNanos,
                        stretches,
                        reason,
                        repeats,
                        costSlotNanos);
    }

    /** The same with the ledger's word. */
    public Incident withCost(BigInteger slotNanos) {
        return new Incident(
                id,
                cause,
                agents,
                atStep,
                resumedAtStep,
                stepsLost,
                sources,
                phases,
                closed,
                kind,
                beganNanos,
                stretches,
                reason,
                repeats,
                slotNanos);
    }
}
