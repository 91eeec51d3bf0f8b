package io.coxswain.chaos.words;

import io.coxswain.chaos.scenario.WordEffect;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * One direction of a stream: decides which words go on now, which later and which twice. Words that
 * nothing happens to keep their order. No clock of its own; not thread-safe.
 */
final class WordQueue<M> {
    /** How many words overtake one at most. */
    private static final int MOST_OVERTAKING = 3;

    private static final long NEVER = Long.MAX_VALUE;

    /** In line: it may go on at that time, and not before those in front of it. */
    private record InLine<M>(M word, long dueNanos) {}

    /** Out of line: it goes on when that many have passed, and at that time at the latest. */
    private static final class Aside<M> {
        final M word;
        final long dueNanos;
        int toPass;

        Aside(M word, long dueNanos, int toPass) {
            this.word = word;
            this.dueNanos = dueNanos;
            this.toPass = toPass;
        }
    }

    private final Deque<InLine<M>> line = new ArrayDeque<>();
    private final List<Aside<M>> aside = new ArrayList<>();
    private long lineDueNanos = Long.MIN_VALUE;

    /** A word comes in. */
    void add(M word, List<Disturbance> disturbances, long nowNanos) {
        boolean overtaken = false;
        long due = nowNanos;
        for (Disturbance disturbance : disturbances) {
            if (!disturbance.hits()) {
                continue;
            }
            WordEffect effect = disturbance.effect();
            switch (effect.kind()) {
                case DUPLICATE ->
                        aside.add(
                                new Aside<>(
                                        word, nowNanos + disturbance.later(), Integer.MAX_VALUE));
                case REORDER -> {
                    if (!overtaken) {
                        overtaken = true;
                        aside.add(
                                new Aside<>(
                                        word,
                                        nowNanos + effect.latest().toNanos(),
                                        1 + disturbance.below(MOST_OVERTAKING)));
                    }
                }
                case DELAY -> due = Math.max(due, nowNanos + disturbance.later());
            }
        }
        if (!overtaken) {
            lineDueNanos = Math.max(lineDueNanos, due);
            line.add(new InLine<>(word, lineDueNanos));
        }
    }

    /** Takes out what goes on now, in order. */
    List<M> take(long nowNanos) {
        var taken = new ArrayList<M>();
        while (!line.isEmpty() && line.getFirst().dueNanos() <= nowNanos) {
            taken.add(line.removeFirst().word());
            for (Iterator<Aside<M>> it = aside.iterator(); it.hasNext(); ) {
                Aside<M> one = it.next();
                if (one.toPass != Integer.MAX_VALUE && --one.toPass == 0) {
                    it.remove();
                    taken.add(one.word);
                }
            }
        }
        for (Iterator<Aside<M>> it = aside.iterator(); it.hasNext(); ) {
            Aside<M> one = it.next();
            if (one.dueNanos <= nowNanos) {
                it.remove();
                taken.add(one.word);
            }
        }
        return taken;
    }

    /** Takes out everything: the stream ends. */
    List<M> takeAll() {
        return take(NEVER);
    }

    /** When there is something to take; {@link Long#MAX_VALUE}: nothing waits. */
    long nextNanos() {
        long next = line.isEmpty() ? NEVER : line.getFirst().dueNanos();
        for (Aside<M> one : aside) {
            next = Math.min(next, one.dueNanos);
        }
        return next;
    }
}
