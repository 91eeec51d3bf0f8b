package io.coxswain.chaos.planning.failure;

import io.coxswain.chaos.planning.Quantities;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.Nearest;
import io.coxswain.launcher.config.Place;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Failure traces as CSV. The first line is {@value #HEADER}; a line that begins with {@code #} and
 * an empty one say nothing.
 *
 * <table>
 * <caption>Columns</caption>
 * <tr><td>at</td><td>since the run began, such as {@code 36h} or {@code 5400s}; never falling</td></tr>
 * <tr><td>component</td><td>any name: failures are counted by it</td></tr>
 * <tr><td>scope</td><td>agent, worker, hang, corruption, rack, switch or power</td></tr>
 * <tr><td>target</td><td>number of the machine or domain, from 0</td></tr>
 * <tr><td>repair</td><td>until it is back, such as {@code 4h}; 0s for a worker's restart</td></tr>
 * </table>
 */
public final class TraceFile {
    public static final String HEADER = "at,component,scope,target,repair";

    /** Spreadsheets write one before the first line. */
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private static final int MOST_COMPLAINTS = 10;

    private final String source;
    private final Fleet fleet;
    private final List<String> complaints = new ArrayList<>();

    private TraceFile(String source, Fleet fleet) {
        this.source = source;
        this.fleet = fleet;
    }

    /**
     * Reads a trace.
     *
     * @param source the file's name, for complaints
     * @throws ConfigException with line, column and what is expected
     */
    public static FailureTrace read(
            String source, List<String> lines, Fleet fleet, long durationNanos)
            throws ConfigException {
        return new TraceFile(source, fleet).read(lines, durationNanos);
    }

    private FailureTrace read(List<String> lines, long durationNanos) throws ConfigException {
        var failures = new ArrayList<Failure>();
        boolean header = false;
        long last = 0;
        for (int i = 0; i < lines.size() && complaints.size() < MOST_COMPLAINTS; i++) {
            String line = lines.get(i);
            if (i == 0 && line.startsWith(BYTE_ORDER_MARK)) {
                line = line.substring(1);
            }
            if (line.isBlank() || line.stripLeading().startsWith("#")) {
                continue;
            }
            if (!header) {
                header = true;
                if (!line.trim().equals(HEADER)) {
                    complain(i, 1, "expected the header " + HEADER);
                    break;
                }
                continue;
            }
            Failure failure = row(i, line);
            if (failure == null) {
                continue;
            }
            if (failure.atNanos() < last) {
                complain(
                        i,
                        1,
                        "field at: "
                                + line.split(",", -1)[0].trim()
                                + " is earlier than the line before; sort the trace by its first"
                                + " column");
            } else {
                last = failure.atNanos();
                if (failure.atNanos() < durationNanos) {
                    failures.add(failure);
                }
            }
        }
        if (!header) {
            complain(0, 1, "the trace is empty; expected the header " + HEADER);
        }
        if (!complaints.isEmpty()) {
            throw new ConfigException(complaints);
        }
        return new FailureTrace(failures, durationNanos);
    }

    private @Nullable Failure row(int line, String text) {
        String[] fields = text.split(",", -1);
        if (fields.length != 5) {
            complain(line, 1, "expected 5 fields (" + HEADER + "), found " + fields.length);
            return null;
        }
        int[] columns = new int[5];
        int column = 1;
        for (int i = 0; i < 5; i++) {
            columns[i] = column;
            column += fields[i].length() + 1;
            fields[i] = fields[i].trim();
        }
        long at = nanos(line, columns[0], "at", fields[0]);
        if (fields[1].isEmpty()) {
            complain(line, columns[1], "field component: expected a name");
        }
        Scope scope = scope(line, columns[2], fields[2]);
        long repair = nanos(line, columns[4], "repair", fields[4]);
        int target = scope == null ? -1 : target(line, columns[3], fields[3], scope);
        return at < 0 || repair < 0 || target < 0 || scope == null || fields[1].isEmpty()
                ? null
                : new Failure(at, fields[1], scope, target, repair);
    }

    private long nanos(int line, int column, String field, String text) {
        try {
            return Quantities.nanos(text);
        } catch (IllegalArgumentException wrong) {
            complain(line, column, "field " + field + ": " + wrong.getMessage());
            return -1;
        }
    }

    private @Nullable Scope scope(int line, int column, String text) {
        var names = new ArrayList<String>();
        for (Scope scope : Scope.values()) {
            if (scope.key().equals(text.toLowerCase(Locale.ROOT))) {
                return scope;
            }
            names.add(scope.key());
        }
        complain(
                line,
                column,
                "field scope: '"
                        + text
                        + "' is none of "
                        + String.join(", ", names)
                        + Nearest.of(text, names)
                                .map(near -> "; did you mean " + near + "?")
                                .orElse(""));
        return null;
    }

    private int target(int line, int column, String text, Scope scope) {
        int targets = fleet.targets(scope);
        try {
            int target = Integer.parseInt(text);
            if (target >= 0 && target < targets) {
                return target;
            }
        } catch (NumberFormatException wrong) {
            // complained of below
        }
        complain(
                line,
                column,
                "field target: '"
                        + text
                        + "': expected 0 to "
                        + (targets - 1)
                        + ", a number of "
                        + (fleet.machinesPer(scope) == 1 ? "a machine" : "a " + scope.key())
                        + " in a fleet of "
                        + fleet.machines()
                        + " machines");
        return -1;
    }

    private void complain(int line, int column, String what) {
        complaints.add(new Place(source, line + 1, column) + ": " + what);
    }

    /** A trace as {@link #read} takes it. */
    public static List<String> write(FailureTrace trace) {
        var lines = new ArrayList<String>();
        lines.add(HEADER);
        for (Failure failure : trace.failures()) {
            lines.add(
                    failure.atNanos()
                            + "ns,"
                            + failure.component()
                            + ","
                            + failure.scope().key()
                            + ","
                            + failure.target()
                            + ","
                            + failure.repairNanos()
                            + "ns");
        }
        return lines;
    }
}
