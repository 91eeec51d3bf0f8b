package io.coxswain.chaos.simulation.kernel;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * What happened: a rolling hash over everything, and the words of the newest happenings, put into
 * words only when somebody reads them.
 */
public final class Trace {
    private static final int RECENT = 400;

    private record Line(long atNanos, String who, String what, @Nullable Object detail) {
        String text() {
            String head = String.format(Locale.ROOT, "%12.6f %-14s %s", atNanos / 1e9, who, what);
            return detail == null ? head : head + " " + detail;
        }
    }

    private final @Nullable Line[] ring = new @Nullable Line[RECENT];
    private final @Nullable Consumer<String> sink;
    private int next;
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
        var line = new Line(now, who, what, detail);
        hash = Randomness.mix(hash, who.hashCode() * 31L + what.hashCode());
        if (detail != null) {
            content(detail);
        }
        ring[next] = line;
        next = (next + 1) % RECENT;
        if (sink != null) {
            sink.accept(line.text());
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

    /** The newest lines, oldest first. */
    public List<String> recent(int most) {
        var lines = new ArrayList<String>();
        for (int i = Math.max(0, RECENT - most); i < RECENT; i++) {
            Line line = ring[(next + i) % RECENT];
            if (line != null) {
                lines.add(line.text());
            }
        }
        return lines;
    }
}
