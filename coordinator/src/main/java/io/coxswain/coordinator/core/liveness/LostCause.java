package io.coxswain.coordinator.core.liveness;

/** Why an agent was declared lost: data, rendered late. */
public sealed interface LostCause {
    String text();

    /** The stream broke and nobody answers at the agent's endpoint. */
    record ConnectionRefused() implements LostCause {
        @Override
        public String text() {
            return "its process is gone: the connection is refused";
        }
    }

    /** Another incarnation answered or attached. */
    record Replaced() implements LostCause {
        @Override
        public String text() {
            return "its process was replaced by another incarnation";
        }
    }

    /** The stream broke and was not opened again. */
    record StayedAway(long waitedNanos) implements LostCause {
        @Override
        public String text() {
            return "its stream broke and it did not come back within "
                    + millis(waitedNanos)
                    + " ms";
        }
    }

    /** The stream is open but silent. */
    record Silent(long silentNanos, long limitNanos) implements LostCause {
        @Override
        public String text() {
            return "it was silent for "
                    + millis(silentNanos)
                    + " ms, longer than "
                    + millis(limitNanos)
                    + " ms";
        }
    }

    /** It is heard, and the answers do not reach it: it cannot be told anything. */
    record Deaf(long deafNanos, long limitNanos) implements LostCause {
        @Override
        public String text() {
            return "it is heard and has heard nothing for "
                    + millis(deafNanos)
                    + " ms, longer than "
                    + millis(limitNanos)
                    + " ms";
        }
    }

    /** Stream and ZooKeeper session are both gone. */
    record SessionGoneToo() implements LostCause {
        @Override
        public String text() {
            return "its stream broke and its ZooKeeper session is gone";
        }
    }

    /** It said so. */
    record Left(String reason) implements LostCause {
        @Override
        public String text() {
            return reason.isEmpty() ? "it left" : "it left: " + reason;
        }
    }

    private static long millis(long nanos) {
        return nanos / 1_000_000;
    }
}
