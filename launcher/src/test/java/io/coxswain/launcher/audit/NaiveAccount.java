package io.coxswain.launcher.audit;

import io.coxswain.launcher.audit.RandomLog.Line;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The rules of the format once more, as plainly as they can be put: each millisecond of the run is
 * asked what it was, by a look at the whole log. Shares nothing with {@link RunHistory}.
 */
final class NaiveAccount {
    /** Entries {@code from} until {@code to}, as indexes; it covers their times. */
    private record Interval(int from, int to) {}

    private final List<Line> lines;
    private final List<Interval> intervals = new ArrayList<>();
    final Map<String, Long> millis = new TreeMap<>();
    final Map<String, Long> workerMillis = new TreeMap<>();
    int usefulSteps;

    NaiveAccount(List<Line> lines) {
        this.lines = lines;
        for (int i = 0; i < lines.size(); i++) {
            if (starts(lines.get(i))) {
                intervals.add(new Interval(i, endOf(i)));
            }
            if (lines.get(i).is("step_end") && !lost(i)) {
                usefulSteps++;
            }
        }
        for (long now = lines.getFirst().atMillis(); now < lines.getLast().atMillis(); now++) {
            String category = categoryAt(now);
            int active = activeAt(now);
            int missing = totalAt(now) - active;
            millis.merge(category, 1L, Long::sum);
            workerMillis.merge(category, (long) active, Long::sum);
            workerMillis.merge("capacity_down", (long) missing, Long::sum);
        }
        workerMillis.values().removeIf(count -> count == 0);
    }

    private static boolean starts(Line line) {
        return line.is("phase_start") || line.is("save_start") || line.is("step_start");
    }

    /** The entry that ends what entry {@code i} starts: its end, a cut, or the log's last. */
    private int endOf(int i) {
        Line start = lines.get(i);
        String end = start.event().replace("start", "end");
        for (int j = i + 1; j < lines.size(); j++) {
            Line line = lines.get(j);
            if (line.is("failure")
                    || line.is("attempt_start")
                    || (line.is(end) && line.phase().equals(start.phase()))) {
                return j;
            }
        }
        return lines.size() - 1;
    }

    private @Nullable Interval doingAt(long now, String event) {
        Interval latest = null;
        for (Interval interval : intervals) {
            Line start = lines.get(interval.from());
            if (start.atMillis() <= now
                    && now < lines.get(interval.to()).atMillis()
                    && start.event().matches(event)) {
                latest = interval;
            }
        }
        return latest;
    }

    private String categoryAt(long now) {
        Interval doing = doingAt(now, ".*");
        if (doing == null) {
            return downAt(now) ? "recovery_infra" : "other";
        }
        Line start = lines.get(doing.from());
        return switch (start.event()) {
            case "save_start" -> "checkpoint_save";
            case "step_start" -> {
                boolean finished = lines.get(doing.to()).is("step_end");
                yield !finished || lost(doing.to())
                        ? "lost_work"
                        : waitsAt(now, doing) ? "data_wait" : "productive";
            }
            default -> phase(start.phase(), doing.from());
        };
    }

    private String phase(String phase, int at) {
        boolean later = false;
        for (Line line : lines.subList(0, at)) {
            later = line.is("attempt_start") ? line.a() > 0 : later || line.is("failure");
        }
        return switch (phase) {
            case "stall", "reconfigure" -> phase;
            case "init", "prep" -> later ? "recovery_init" : "startup";
            default -> later ? "recovery_" + phase : "startup";
        };
    }

    private boolean waitsAt(long now, Interval step) {
        for (Line line : lines.subList(step.from(), step.to())) {
            if (line.is("data_end")) {
                return now < line.atMillis();
            }
        }
        return false;
    }

    /** Whether the step that entry {@code end} ends was done for nothing. */
    private boolean lost(int end) {
        long step = lines.get(end).a();
        long lostTo = Long.MAX_VALUE;
        for (Line line : lines.subList(end + 1, lines.size())) {
            if (line.is("step_start")) {
                lostTo = Long.MAX_VALUE;
                if (line.a() <= step) {
                    return true;
                }
            } else if (line.is("failure")) {
                lostTo = line.a();
            }
        }
        return lostTo <= step;
    }

    private boolean downAt(long now) {
        boolean down = false;
        for (Line line : lines) {
            if (line.atMillis() <= now) {
                down =
                        line.is("failure")
                                || (down && !line.is("attempt_start") && !line.is("step_start"));
            }
        }
        return down;
    }

    private int activeAt(long now) {
        Interval step = doingAt(now, "step_start");
        int from = step == null ? 0 : step.from();
        long active = step == null ? first().is("membership") ? first().a() : first().b() : 0;
        for (int i = from; i < lines.size(); i++) {
            Line line = lines.get(i);
            if (line.atMillis() <= now) {
                active =
                        i == from && step != null
                                ? line.b()
                                : line.is("membership") ? line.a() : active;
            }
        }
        return (int) active;
    }

    private int totalAt(long now) {
        int total = first().b();
        for (Line line : lines) {
            if (line.atMillis() <= now && line.is("membership")) {
                total = line.b();
            }
        }
        return total;
    }

    /** Who says first how many workers there are. */
    private Line first() {
        return lines.stream()
                .filter(line -> line.is("membership") || line.is("step_start"))
                .findFirst()
                .orElse(new Line(0, "membership", "", 0, 0));
    }
}
