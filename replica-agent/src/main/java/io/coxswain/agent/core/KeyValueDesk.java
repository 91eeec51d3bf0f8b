package io.coxswain.agent.core;

import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.KeyValueReply;
import io.coxswain.agent.core.model.PrepareOrder;

import java.util.Iterator;
import java.util.List;
import java.util.TreeMap;

/**
 * Hands the worker's operations on its view's key-value store to the leader, and the answers back.
 * What has no answer yet is said again on a new stream; the leader tells repeats by the id. Each is
 * answered once: by the leader, at its deadline, or when its epoch ends. How many there may be is
 * bounded where they come in.
 */
final class KeyValueDesk {
    /** How long an operation that does not wait for others may take: a leader may be missing. */
    static final long PATIENCE_NANOS = 30_000_000_000L;

    private final Station at;
    private final TreeMap<Long, Asked> underWay = new TreeMap<>();
    private long lastId;

    /** An operation that waits for its answer. */
    private record Asked(AgentEvent.KeyValueAsked event, long deadline) {
        boolean waits() {
            return event.waitNanos() != 0;
        }
    }

    KeyValueDesk(Station at) {
        this.at = at;
    }

    void asked(AgentEvent.KeyValueAsked event, long now) {
        PrepareOrder order = at.order;
        long current = order == null || order.rank() < 0 ? -1 : order.view().epoch();
        if (event.epoch() != current) {
            answer(
                    event,
                    event.epoch() < at.promised
                            ? over(event.epoch())
                            : KeyValueReply.refused(
                                    "bad_request",
                                    "this worker was not told to prepare a view of epoch "
                                            + event.epoch()));
        } else {
            long wait = event.waitNanos();
            // Unsigned: all ones waits for the end of the view.
            long deadline =
                    wait == 0
                            ? now + PATIENCE_NANOS
                            : wait < 0 || wait > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + wait;
            underWay.put(++lastId, new Asked(event, deadline));
            tell(lastId, event);
        }
    }

    private void tell(long id, AgentEvent.KeyValueAsked event) {
        JobSpec job = at.job;
        if (job != null) {
            at.out.report(
                    new AgentReport.KeyValueAsked(
                            job.jobId(), event.epoch(), id, settledBelow(), event.operation()));
        }
    }

    void answered(AgentEvent.KeyValueAnswered event) {
        Asked asked = underWay.remove(event.id());
        if (asked != null) {
            answer(asked.event(), event.reply());
        }
    }

    /** A new stream: what was under way may be lost. */
    void restate() {
        underWay.forEach((id, asked) -> tell(id, asked.event()));
    }

    /** No epoch below the promised one is served any more. */
    void promised() {
        for (Iterator<Asked> all = underWay.values().iterator(); all.hasNext(); ) {
            Asked asked = all.next();
            if (asked.event().epoch() < at.promised) {
                all.remove();
                answer(asked.event(), over(asked.event().epoch()));
            }
        }
    }

    /** Whoever asked is gone. */
    void workerGone() {
        List<Long> ids = List.copyOf(underWay.keySet());
        underWay.clear();
        ids.forEach(this::forget);
    }

    /** The job is over, and its worker ends. */
    void clear() {
        underWay.clear();
    }

    void tick(long now) {
        if (nextDeadlineNanos() > now) {
            return;
        }
        for (long id : List.copyOf(underWay.keySet())) {
            Asked asked = underWay.get(id);
            if (asked != null && asked.deadline() <= now) {
                underWay.remove(id);
                forget(id);
                answer(
                        asked.event(),
                        asked.waits()
                                ? KeyValueReply.refused(
                                        "timed_out", "what was waited for did not come in time")
                                : KeyValueReply.refused(
                                        "unavailable",
                                        "the coordinator did not answer within %d s; it may have been done"
                                                .formatted(PATIENCE_NANOS / 1_000_000_000)));
            }
        }
    }

    long nextDeadlineNanos() {
        long next = Long.MAX_VALUE;
        for (Asked asked : underWay.values()) {
            next = Math.min(next, asked.deadline());
        }
        return next;
    }

    private void forget(long id) {
        JobSpec job = at.job;
        if (job != null) {
            at.out.report(new AgentReport.KeyValueForgotten(job.jobId(), id, settledBelow()));
        }
    }

    private long settledBelow() {
        return underWay.isEmpty() ? lastId + 1 : underWay.firstKey();
    }

    private void answer(AgentEvent.KeyValueAsked event, KeyValueReply reply) {
        at.out.add(new AgentEffect.AnswerKeyValue(event.generation(), event.requestId(), reply));
    }

    private static KeyValueReply over(long epoch) {
        return KeyValueReply.refused("epoch_over", "epoch " + epoch + " has ended");
    }
}
