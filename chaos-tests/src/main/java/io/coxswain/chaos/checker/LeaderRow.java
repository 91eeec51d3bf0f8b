package io.coxswain.chaos.checker;

import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One line of the table of leaders: a coordinator that began to lead after a fault. Times are
 * counted from the fault to the arrival of the new leader's word.
 *
 * @param leadsNanos until it led
 * @param grantsNanos until members had credits of it: the view was adopted, or the next one began
 * @param adopted whether the view went on; if not, another was planned
 * @param stepsMeanwhile steps that were completed from the fault until then
 * @param stepsLost steps made again in the whole scenario
 * @param refused stale words that agents refused, and stale writes that ZooKeeper did, in the whole
 *     scenario
 */
public record LeaderRow(
        String scenario,
        String fault,
        OptionalLong leadsNanos,
        OptionalLong grantsNanos,
        boolean adopted,
        long stepsMeanwhile,
        long stepsLost,
        long refused) {
    private static final Pattern WORDS =
            Pattern.compile("refused (\\d+) words of leaders that were succeeded");
    private static final String WRITE = "ZooKeeper refused a write of term";
    private static final double NANOS_PER_MILLI = 1e6;

    /** A row for each leader after the first. */
    public static List<LeaderRow> of(String scenario, Evidence evidence, Path artifacts) {
        long lost =
                evidence.events(CoordinatorEvent.IncidentClosed.class).stream()
                        .mapToLong(closed -> closed.incident().stepsLost())
                        .sum();
        long refused = refused(artifacts);
        var rows = new ArrayList<LeaderRow>();
        List<Happening.Told> journal = evidence.journal();
        for (int i = 0; i < journal.size(); i++) {
            if (journal.get(i).event() instanceof CoordinatorEvent.LeadershipGained gained
                    && gained.term() > 1) {
                Firing fault = newest(evidence.firings(), journal.get(i).nanos());
                if (fault != null) {
                    rows.add(row(scenario, fault, journal, i, lost, refused));
                }
            }
        }
        return rows;
    }

    private static @Nullable Firing newest(List<Firing> firings, long nanos) {
        Firing newest = null;
        for (Firing firing : firings) {
            if (firing.nanos() <= nanos) {
                newest = firing;
            }
        }
        return newest;
    }

    private static LeaderRow row(
            String scenario,
            Firing fault,
            List<Happening.Told> journal,
            int gained,
            long lost,
            long refused) {
        OptionalLong grants = OptionalLong.empty();
        boolean adopted = false;
        long steps = fault.afterStep();
        for (Happening.Told told : journal.subList(gained, journal.size())) {
            long after = told.nanos() - fault.nanos();
            if (told.event() instanceof CoordinatorEvent.JobTakenOver over && over.adopted()) {
                adopted = true;
                grants = OptionalLong.of(after);
            } else if (told.event() instanceof CoordinatorEvent.ViewActivated && grants.isEmpty()) {
                grants = OptionalLong.of(after);
            } else if (told.event() instanceof CoordinatorEvent.StepsCompleted completed
                    && grants.isPresent()) {
                steps = Math.max(steps, completed.step());
                break;
            }
        }
        return new LeaderRow(
                scenario,
                fault.fault(),
                OptionalLong.of(journal.get(gained).nanos() - fault.nanos()),
                grants,
                adopted,
                steps - fault.afterStep(),
                lost,
                refused);
    }

    private static long refused(Path artifacts) {
        long refused = 0;
        try (var files = Files.newDirectoryStream(artifacts, "*.log")) {
            for (Path file : files) {
                for (String line :
                        new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                                .split("\n", -1)) {
                    Matcher words = WORDS.matcher(line);
                    if (words.find()) {
                        refused += Long.parseLong(words.group(1));
                    } else if (line.contains(WRITE)) {
                        refused++;
                    }
                }
            }
        } catch (IOException e) {
            // Artifacts that are gone tell nothing.
            return 0;
        }
        return refused;
    }

    private static String millis(OptionalLong nanos) {
        return nanos.isEmpty()
                ? "–"
                : String.format(Locale.ROOT, "%.0f ms", nanos.getAsLong() / NANOS_PER_MILLI);
    }

    /** The table as Markdown; empty if nobody led but the first. */
    public static List<String> table(List<LeaderRow> rows) {
        if (rows.isEmpty()) {
            return List.of();
        }
        var cells = new ArrayList<List<String>>();
        cells.add(
                List.of(
                        "scenario",
                        "fault",
                        "another leads after",
                        "and grants after",
                        "the view",
                        "steps meanwhile",
                        "steps lost",
                        "stale words and writes refused"));
        for (LeaderRow row : rows) {
            cells.add(
                    List.of(
                            row.scenario(),
                            row.fault(),
                            millis(row.leadsNanos()),
                            millis(row.grantsNanos()),
                            row.adopted() ? "adopted" : "planned anew",
                            Long.toString(row.stepsMeanwhile()),
                            Long.toString(row.stepsLost()),
                            Long.toString(row.refused())));
        }
        return FaultRow.aligned(cells);
    }
}
