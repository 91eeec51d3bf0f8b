package io.coxswain.coordinator.core.term;

/** Why an agent that speaks of a higher term is sent away: data, rendered late. */
public sealed interface TermRefusal {
    String text();

    /** Whether the same again may end otherwise soon. */
    boolean retry();

    /** The store holds this leader's term. */
    record Untrue(long claimed, long held) implements TermRefusal {
        @Override
        public String text() {
            return "it says that it has heard of term "
                    + claimed
                    + ", but ZooKeeper has given no term after "
                    + held
                    + ": whoever has the agent's certificate lies (coxswain certs revoke), or"
                    + " ZooKeeper was set up anew under a running agent, which is to be restarted"
                    + " then";
        }

        @Override
        public boolean retry() {
            return false;
        }
    }

    /** It was untrue so often that the store is not asked for a while. */
    record Struck(long claimed, int times, long nanosLeft) implements TermRefusal {
        @Override
        public String text() {
            return "it says that it has heard of term "
                    + claimed
                    + "; such words of it were untrue "
                    + times
                    + " times and are not looked into for another "
                    + Math.max(1, nanosLeft / 1_000_000_000L)
                    + " s";
        }

        @Override
        public boolean retry() {
            return false;
        }
    }

    /** Nobody knows. */
    record Unverified(long claimed) implements TermRefusal {
        @Override
        public String text() {
            return "it says that it has heard of term "
                    + claimed
                    + ", and ZooKeeper cannot be asked whether that is so: look up"
                    + " /controller/leader again";
        }

        @Override
        public boolean retry() {
            return true;
        }
    }

    /** More of them than are kept. */
    record TooMany(long claimed) implements TermRefusal {
        @Override
        public String text() {
            return "it says that it has heard of term "
                    + claimed
                    + ", as too many others do whose word is looked into";
        }

        @Override
        public boolean retry() {
            return true;
        }
    }

    /** This coordinator does not lead any more, or is about to step down. */
    record Succeeded() implements TermRefusal {
        @Override
        public String text() {
            return "another coordinator leads: look up /controller/leader again";
        }

        @Override
        public boolean retry() {
            return true;
        }
    }
}
