package io.coxswain.chaos.simulation.kernel;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * What happened: a rolling hash over everything, and the newest happenings, put into words only
 * when somebody reads them. Of those that a reader wants, turns of the story are kept apart, so
 * that they outlast what happens all the time.
 */
public final class Trace {
    private static final Pattern ARRAY = Pattern.compile("\\[[A-Z]@[0-9a-f]+");

    /** Where lines of one kind are kept, the newest few. */
    private static final class Ring {
        private static final int SIZE = 400;
        private final @Nullable Line[] lines = new @Nullable Line[SIZE];
        private int next;

        void add(Line line) {
            lines[next] = line;
            next = (next + 1) % SIZE;
        }

        void addTo(List<Line> all, int most) {
            for (int i = SIZE - Math.min(SIZE, most); i < SIZE; i++) {
                Line line = lines[(next + i) % SIZE];
                if (line != null) {
                    all.add(line);
                }
            }
        }
    }

    private record Line(
            long number, long atNanos, String who, String what, @Nullable Object detail) {
        String text() {
            String head = String.format(Locale.ROOT, "%12.6f %-14s %s", atNanos / 1e9, who, what);
            return detail == null
                    ? head
                    : head + " " + ARRAY.matcher(detail.toString()).replaceAll("[..]");
        }
    }

    private final Ring usual = new Ring();
    private final Ring turns = new Ring();
    private final @Nullable Consumer<String> sink;
    private long number;
    private long hash = 1;

    /**
     * @param sink gets every line; null: only the newest lines are kept
     */
    public Trace(@Nullable Consumer<String> sink) {
        this.sink = sink;
    }

    void hash(long now, String label, long sequence) {
        hash = Randomness.mix(hash, now ^ ((long) label.hashCode() << 20) ^ (sequence << 40));
    }

    /**
     * Notes that something happened. {@code detail} must not change later; its content counts for
     * the hash.
     */
    public void note(long now, String who, String what, @Nullable Object detail) {
        note(now, who, what, detail, usual);
    }

    /** The same of what turns the story: faults, deaths, what coordinators tell. */
    public void turn(long now, String who, String what, @Nullable Object detail) {
        note(now, who, what, detail, turns);
    }

    /** The same of what happens all the time and tells a reader nothing. */
    public void routine(long now, String who, String what, @Nullable Object detail) {
        note(now, who, what, detail, null);
    }

    private void note(
            long now, String who, String what, @Nullable Object detail, @Nullable Ring keep) {
        hash = Randomness.mix(hash, who.hashCode() * 31L + what.hashCode());
        if (detail != null) {
            content(detail);
        }
        if (keep != null || sink != null) {
            var line = new Line(number++, now, who, what, detail);
            if (keep != null) {
                keep.add(line);
            }
            if (sink != null) {
                sink.accept(line.text());
            }
        }
    }

    /** Adds what a message says; see {@link Contents}. */
    public void content(Object message) {
        hash = Randomness.mix(hash, Contents.hash(message));
    }

    /** Of everything so far. */
    public long hash() {
        return hash;
    }

    /** The newest turns of the story and the newest lines beside, so many of each, oldest first. */
    public List<String> recent(int most) {
        var lines = new ArrayList<Line>();
        turns.addTo(lines, most);
        usual.addTo(lines, most);
        lines.sort(Comparator.comparingLong(Line::number));
        return lines.stream().map(Line::text).toList();
    }
}
