package io.coxswain.coordinator.app;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes on their way to the store: in order and one at a time per record, repeated until their
 * outcome is known. An unknown outcome is read again before anything depends on it or anything
 * newer is written over it. Owned by the decision loop.
 *
 * <pre>
 *  write ──► DURABLE → next in the lane
 *    ▲ │ ──► REFUSED → the leader is deposed
 *    │ └───► UNKNOWN → wait → verify ──► DURABLE | REFUSED | UNKNOWN (again)
 *    └───────────────────────── ABSENT ─┘
 * </pre>
 */
final class StoreOutbox {
    private final StorePort store;
    private final long retryNanos;
    private final Map<Lane, ArrayDeque<Write>> lanes = new LinkedHashMap<>();
    private final Map<Long, Lane> underWay = new HashMap<>();
    private long nextId = 1;

    private record Lane(String jobId, StoreRecord.Kind kind) {}

    private static final class Write {
        private final StoreRecord record;
        private final Runnable onDurable;
        private long id;
        private long verifyAtNanos = Long.MAX_VALUE;

        /** It is not repeated. */
        private boolean givenUp;

        Write(StoreRecord record, Runnable onDurable) {
            this.record = record;
            this.onDurable = onDurable;
        }
    }

    StoreOutbox(StorePort store, long retryNanos) {
        this.store = store;
        this.retryNanos = retryNanos;
    }

    /** Queues a record; {@code onDurable} runs on the decision loop once it is in the store. */
    void put(StoreRecord record, Runnable onDurable) {
        var lane = new Lane(record.jobId(), record.kind());
        ArrayDeque<Write> queue = lanes.computeIfAbsent(lane, _ -> new ArrayDeque<>());
        if (onlyNewestCounts(record.kind()) && queue.size() > 1) {
            queue.removeLast();
        }
        if (record.kind() == StoreRecord.Kind.RESULT) {
            giveUpPlans(record.jobId());
        }
        var write = new Write(record, onDurable);
        queue.addLast(write);
        if (queue.getFirst() == write) {
            send(lane, write);
        }
    }

    private static boolean onlyNewestCounts(StoreRecord.Kind kind) {
        return kind == StoreRecord.Kind.ACCOUNT || kind == StoreRecord.Kind.PAUSE;
    }

    /**
     * That job ends: what it was to do next is not written after its result. What is on its way
     * arrives before it.
     */
    private void giveUpPlans(String jobId) {
        for (StoreRecord.Kind kind : List.of(StoreRecord.Kind.VIEW, StoreRecord.Kind.PAUSE)) {
            var lane = new Lane(jobId, kind);
            ArrayDeque<Write> queue = lanes.remove(lane);
            if (queue != null && underWay.containsKey(queue.getFirst().id)) {
                Write first = queue.getFirst();
                first.givenUp = true;
                lanes.put(lane, new ArrayDeque<>(List.of(first)));
            }
        }
    }

    /**
     * Takes an answer. Returns false when the store holds another term: nothing more may be
     * written.
     */
    boolean answered(long id, WriteOutcome outcome, long nowNanos) {
        Lane lane = underWay.remove(id);
        if (lane == null) {
            return true;
        }
        ArrayDeque<Write> queue = lanes.getOrDefault(lane, new ArrayDeque<>());
        Write write = queue.getFirst();
        boolean unwritten = outcome == WriteOutcome.ABSENT || outcome == WriteOutcome.UNKNOWN;
        if (unwritten && write.givenUp) {
            lanes.remove(lane);
            return true;
        }
        switch (outcome) {
            case DURABLE -> {
                queue.removeFirst();
                if (queue.isEmpty()) {
                    lanes.remove(lane);
                } else {
                    send(lane, queue.getFirst());
                }
                write.onDurable.run();
            }
            case ABSENT -> send(lane, write);
            case UNKNOWN -> write.verifyAtNanos = nowNanos + retryNanos;
            case REFUSED -> {
                return false;
            }
        }
        return true;
    }

    /** Reads again what is due. */
    void advance(long nowNanos) {
        lanes.forEach((lane, queue) -> {
            Write write = queue.getFirst();
            if (write.verifyAtNanos <= nowNanos) {
                verify(lane, write);
            }
        });
    }

    /** The store is back: what is unknown is read again at once. */
    void resumed() {
        advance(Long.MAX_VALUE - 1);
    }

    long nextDeadlineNanos() {
        long next = Long.MAX_VALUE;
        for (ArrayDeque<Write> queue : lanes.values()) {
            next = Math.min(next, queue.getFirst().verifyAtNanos);
        }
        return next;
    }

    private void send(Lane lane, Write write) {
        write.id = nextId++;
        write.verifyAtNanos = Long.MAX_VALUE;
        underWay.put(write.id, lane);
        store.write(write.id, write.record);
    }

    private void verify(Lane lane, Write write) {
        write.id = nextId++;
        write.verifyAtNanos = Long.MAX_VALUE;
        underWay.put(write.id, lane);
        store.verify(write.id, write.record);
    }
}
