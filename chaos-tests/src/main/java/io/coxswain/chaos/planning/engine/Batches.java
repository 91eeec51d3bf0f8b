package io.coxswain.chaos.planning.engine;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.PriorityQueue;

/**
 * What is due when, in order of time and, at one instant, of posting. Messages to thousands of
 * agents fall on one instant and share one entry of the queue.
 */
final class Batches {
    /** Something that happens at an instant. */
    interface Happening {
        void happen(long nowNanos);
    }

    /** All that was posted for one instant before the instant came. */
    private static final class Batch implements Comparable<Batch> {
        final long due;
        final long order;
        Happening[] items = new Happening[4];
        int size;

        Batch(long due, long order) {
            this.due = due;
            this.order = order;
        }

        @Override
        public int compareTo(Batch other) {
            return due != other.due
                    ? Long.compare(due, other.due)
                    : Long.compare(order, other.order);
        }
    }

    private final PriorityQueue<Batch> queue = new PriorityQueue<>();
    private final HashMap<Long, Batch> open = new HashMap<>();
    private long order;

    /** What was posted to last: thousands follow. */
    private @Nullable Batch newest;

    void post(long due, Happening happening) {
        Batch batch = newest != null && newest.due == due ? newest : open.get(due);
        if (batch == null) {
            batch = new Batch(due, order++);
            open.put(due, batch);
            queue.add(batch);
        }
        newest = batch;
        if (batch.size == batch.items.length) {
            batch.items = java.util.Arrays.copyOf(batch.items, batch.size * 2);
        }
        batch.items[batch.size++] = happening;
    }

    /** What was posted last for that instant and is not yet due; null: nothing was. */
    @Nullable Happening last(long due) {
        Batch batch = newest != null && newest.due == due ? newest : open.get(due);
        return batch == null ? null : batch.items[batch.size - 1];
    }

    /** When the next is due; {@link Long#MAX_VALUE} when nothing is. */
    long nextDue() {
        Batch next = queue.peek();
        return next == null ? Long.MAX_VALUE : next.due;
    }

    /** Takes the next instant's happenings and lets them happen. */
    void runNext() {
        Batch batch = queue.remove();
        open.remove(batch.due, batch);
        newest = null;
        for (int i = 0; i < batch.size; i++) {
            batch.items[i].happen(batch.due);
        }
    }
}
