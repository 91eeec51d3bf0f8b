package io.coxswain.chaos.simulation.kernel;

/**
 * A discrete-event loop on one thread: what is due first runs first, of what is due at one instant
 * the one that was scheduled first.
 */
public final class Kernel {
    /** Something that happens. */
    @FunctionalInterface
    public interface Task {
        void run();
    }

    /** A scheduled task; it may be taken back. */
    public static final class Ticket {
        private final long atNanos;
        private final long sequence;
        private final String label;
        private final Task task;
        private boolean cancelled;

        private Ticket(long atNanos, long sequence, String label, Task task) {
            this.atNanos = atNanos;
            this.sequence = sequence;
            this.label = label;
            this.task = task;
        }

        /** The task will not run. Harmless when it has. */
        public void cancel() {
            cancelled = true;
        }

        public long atNanos() {
            return atNanos;
        }

        boolean before(Ticket other) {
            return atNanos < other.atNanos
                    || (atNanos == other.atNanos && sequence < other.sequence);
        }
    }

    private final Agenda queue = new Agenda();
    private final Trace trace;
    private long now;
    private long sequence;
    private long events;

    public Kernel(Trace trace) {
        this.trace = trace;
    }

    public Trace trace() {
        return trace;
    }

    /** Virtual nanoseconds since the beginning. */
    public long now() {
        return now;
    }

    /** Tasks that ran. */
    public long events() {
        return events;
    }

    /** Tasks that wait, those taken back included. */
    public int waiting() {
        return queue.size();
    }

    /** Runs the task after that long; a negative delay counts as none. */
    public Ticket after(long delayNanos, String label, Task task) {
        return at(now + Math.max(0, delayNanos), label, task);
    }

    /** Runs the task at that instant, or now when it is over. */
    public Ticket at(long atNanos, String label, Task task) {
        var ticket = new Ticket(Math.max(now, atNanos), sequence++, label, task);
        queue.add(ticket);
        return ticket;
    }

    /** Runs the next task. False when there is none at or before {@code untilNanos}. */
    public boolean step(long untilNanos) {
        while (true) {
            Ticket next = queue.first();
            if (next == null || next.atNanos > untilNanos) {
                return false;
            }
            queue.removeFirst();
            if (!next.cancelled) {
                now = next.atNanos;
                events++;
                trace.hash(now, next.label, next.sequence);
                next.task.run();
                return true;
            }
        }
    }
}
