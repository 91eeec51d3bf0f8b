package io.coxswain.coordinator.app;

import io.coxswain.coordinator.picture.ExportsPicture;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * What of a job's state could not be left in its folder ({@code runtime.export}). A part fails
 * until it is written, whoever writes it by then. Owned by the decision loop.
 */
final class ExportBook {
    /** Parts that are remembered: those of large jobs fail alike. */
    static final int MOST_PARTS = 256;

    private static final int MOST_LINES = 8;

    /** While a part fails alike it is told of so often. */
    private static final long BETWEEN_EVENTS_NANOS = 60_000_000_000L;

    private final TreeMap<String, Failing> parts = new TreeMap<>();
    private long failed;

    private record Failing(String line, String reason, long toldNanos) {}

    /**
     * Takes what a process says of an export.
     *
     * @param line the failure in words
     * @return whether an event is due: the part fails since now, or otherwise, or for long
     */
    boolean take(ProgramWord.Exported exported, String line, long nowNanos) {
        String part = part(exported.path());
        if (exported.reason().isEmpty()) {
            parts.remove(part);
            return false;
        }
        failed++;
        Failing before = parts.get(part);
        boolean due =
                before == null
                        || !before.reason().equals(exported.reason())
                        || nowNanos - before.toldNanos() >= BETWEEN_EVENTS_NANOS;
        if (before != null || parts.size() < MOST_PARTS) {
            long told = due || before == null ? nowNanos : before.toldNanos();
            parts.put(part, new Failing(line, exported.reason(), told));
        }
        return due && (before != null || parts.containsKey(part));
    }

    /** The file's name: the same for the same part of any step. */
    private static String part(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** For a person, by part. */
    List<String> warnings() {
        var lines = new ArrayList<String>();
        parts.values().stream().limit(MOST_LINES).forEach(one -> lines.add(one.line()));
        if (parts.size() > MOST_LINES) {
            lines.add("and " + (parts.size() - MOST_LINES) + " more parts of it");
        }
        return lines;
    }

    ExportsPicture picture() {
        return failed == 0 ? ExportsPicture.NONE : new ExportsPicture(failed, warnings());
    }
}
