package io.coxswain.coordinator.core.maintenance;

import org.jspecify.annotations.Nullable;

/**
 * What to do next about one agent that drains. An agent with a rank goes when a spare is there:
 * first all ranks stop at one step with their states at hand, then a view without it is installed
 * from that very step. An agent without a rank goes when what it holds is held by others. Nothing
 * is taken from the job for it: without a spare it stays.
 */
public final class DrainRule {
    /** How long before its process ends an agent's rank is moved whether or not all ranks stand. */
    public static final long FORCED_NANOS = 5_000_000_000L;

    /** Where the job stands, as far as a drain is concerned. */
    public enum Work {
        /** No job needs it. */
        NONE,
        /** Steps are made. */
        STEPPING,
        /** A view is decided or installed. */
        CHANGING,
        /** The job waits: for agents, for a shard. */
        WAITING,
        /** The job's end is on its way. */
        FINISHING
    }

    /** How far the stop of all ranks is. */
    public enum Halt {
        /** Nobody was asked. */
        NONE,
        /** They were asked and are on the way. */
        UNDER_WAY,
        /** They stand, and what is needed is at hand. */
        STANDING,
        /** They were asked, and too long ago. */
        OVERDUE
    }

    /**
     * What is known.
     *
     * @param rank of the agent in the active view; -1: none
     * @param spares that could take ranks
     * @param before agents with a rank that drain and go first
     * @param involved the view that is being installed names the agent
     * @param copies how its copies are
     * @param deficit why they have no other place; empty: they have, or there are none
     * @param leftNanos until its process ends
     */
    public record Facts(
            Work work,
            int rank,
            int spares,
            int before,
            boolean involved,
            Halt halt,
            Copies copies,
            String deficit,
            long leftNanos) {}

    /** How an agent's copies are. */
    public enum Copies {
        /** It holds none that anybody counts on. */
        NONE,
        /** Others hold them, but not all that is newest. */
        ON_THEIR_WAY,
        /** It is to hold them. */
        HELD
    }

    /** What to do. */
    public sealed interface Step {
        /** Nothing depends on it. */
        record Drained() implements Step {}

        /** Ask all ranks to stop at one step. */
        record HaltSteps() implements Step {}

        /** Plan a view without it. */
        record Move() implements Step {}

        /** Nothing yet. */
        record Wait(DrainWait why) implements Step {}
    }

    private DrainRule() {}

    /** Decides. */
    public static Step decide(Facts facts) {
        return switch (facts.work()) {
            case NONE -> new Step.Drained();
            case FINISHING ->
                    facts.rank() < 0 && facts.copies() == Copies.NONE
                            ? new Step.Drained()
                            : new Step.Wait(new DrainWait.Finishing());
            case CHANGING ->
                    facts.rank() < 0 && !facts.involved() && facts.copies() == Copies.NONE
                            ? new Step.Drained()
                            : new Step.Wait(new DrainWait.Moving());
            case WAITING ->
                    facts.rank() < 0 && facts.copies() == Copies.NONE
                            ? new Step.Drained()
                            : new Step.Wait(new DrainWait.Interrupted("waiting"));
            case STEPPING -> facts.rank() < 0 ? rehome(facts) : move(facts);
        };
    }

    private static Step rehome(Facts facts) {
        return switch (facts.copies()) {
            case NONE -> new Step.Drained();
            case ON_THEIR_WAY -> new Step.Wait(new DrainWait.Copying());
            case HELD ->
                    new Step.Wait(
                            facts.deficit().isEmpty()
                                    ? new DrainWait.Copying()
                                    : new DrainWait.NoRoom(facts.deficit()));
        };
    }

    private static Step move(Facts facts) {
        @Nullable DrainWait blocked = null;
        if (facts.spares() <= 0) {
            blocked = new DrainWait.NoSpare(facts.rank());
        } else if (facts.before() >= facts.spares()) {
            blocked = new DrainWait.Turn(facts.rank());
        }
        if (blocked != null) {
            return new Step.Wait(blocked);
        }
        boolean forced = facts.leftNanos() <= FORCED_NANOS && facts.halt() != Halt.NONE;
        return switch (facts.halt()) {
            case NONE -> new Step.HaltSteps();
            case STANDING, OVERDUE -> new Step.Move();
            case UNDER_WAY ->
                    forced ? new Step.Move() : new Step.Wait(new DrainWait.Boundary(facts.rank()));
        };
    }
}
