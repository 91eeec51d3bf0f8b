package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobEffect.TimerKind;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A job's timers: one of a kind and epoch, the last one set counts. Few, so that a scan does. Owned
 * by the decision loop.
 */
final class Timers {
    /** What came due. */
    record Due(TimerKind kind, long epoch) {}

    private record Alarm(long atNanos, long sequence) {}

    private final Map<Due, Alarm> alarms = new HashMap<>();
    private long nextSequence;
    private long nextNanos = Long.MAX_VALUE;

    void set(TimerKind kind, long epoch, long atNanos) {
        alarms.put(new Due(kind, epoch), new Alarm(atNanos, nextSequence++));
        recompute();
    }

    /** Takes out what is due, in the order of time, then of setting. */
    List<Due> take(long nowNanos) {
        if (nowNanos < nextNanos) {
            return List.of();
        }
        var due = new ArrayList<Map.Entry<Due, Alarm>>();
        for (var alarm : alarms.entrySet()) {
            if (alarm.getValue().atNanos() <= nowNanos) {
                due.add(alarm);
            }
        }
        due.sort(
                Comparator.comparingLong(
                                (Map.Entry<Due, Alarm> alarm) -> alarm.getValue().atNanos())
                        .thenComparingLong(alarm -> alarm.getValue().sequence()));
        List<Due> taken = due.stream().map(Map.Entry::getKey).toList();
        taken.forEach(alarms::remove);
        recompute();
        return taken;
    }

    long nextDeadlineNanos() {
        return nextNanos;
    }

    private void recompute() {
        nextNanos = Long.MAX_VALUE;
        for (Alarm alarm : alarms.values()) {
            nextNanos = Math.min(nextNanos, alarm.atNanos());
        }
    }
}
