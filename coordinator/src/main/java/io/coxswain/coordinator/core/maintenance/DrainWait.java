package io.coxswain.coordinator.core.maintenance;

/** Why an agent that drains is not drained yet: data, rendered late. */
public sealed interface DrainWait {
    /** For a person: what it waits for and, where somebody has to do something, what. */
    String text();

    /** All ranks stop for it. */
    default boolean needsHalt() {
        return this instanceof Boundary;
    }

    /** Nobody could take its rank. */
    record NoSpare(int rank) implements DrainWait {
        @Override
        public String text() {
            return "no spare is there to take rank "
                    + rank
                    + ": start another agent or uncordon one; it keeps its rank until then";
        }
    }

    /** Others that drain go first. */
    record Turn(int rank) implements DrainWait {
        @Override
        public String text() {
            return "rank " + rank + " waits for a spare that no other agent that drains needs";
        }
    }

    /** All ranks stop at one step. */
    record Boundary(int rank) implements DrainWait {
        @Override
        public String text() {
            return "all ranks stop at one step, so that none is made again";
        }
    }

    /** A view without it is being installed. */
    record Moving() implements DrainWait {
        @Override
        public String text() {
            return "the view without it is being installed";
        }
    }

    /** What it holds has no other place. */
    record NoRoom(String deficit) implements DrainWait {
        @Override
        public String text() {
            return "its copies have no other place: "
                    + deficit
                    + "; start another agent, or give others more memory";
        }
    }

    /** What it holds is not yet where it should be. */
    record Copying() implements DrainWait {
        @Override
        public String text() {
            return "copies of what it holds are on their way to others";
        }
    }

    /** The job does not step, for reasons of its own. */
    record Interrupted(String phase) implements DrainWait {
        @Override
        public String text() {
            return "the job is " + phase + ": it goes on when steps do";
        }
    }

    /** The job ends, and its members' states are collected. */
    record Finishing() implements DrainWait {
        @Override
        public String text() {
            return "the job is finishing: it is over with it";
        }
    }
}
