package io.coxswain.chaos.planning;

import io.coxswain.chaos.planning.engine.Costs;
import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.config.ConfigException;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToLongFunction;

/** Costs from the {@code --report} file of a real run: the medians over its incidents. */
final class CostsFile {
    private CostsFile() {}

    static Costs read(Path file, Costs assumed) throws ConfigException {
        JobReport report;
        try {
            report = JobReport.fromJson(Files.readString(file));
        } catch (IOException e) {
            throw complaint(file, "cannot be read: " + e.getMessage());
        } catch (IllegalArgumentException e) {
            throw complaint(
                    file,
                    e.getMessage() + "; expected the file that `coxswain train --report` writes");
        }
        var incidents =
                report.incidents().stream().filter(one -> one.phasesNanos().restore() > 0).toList();
        if (incidents.isEmpty()) {
            throw complaint(
                    file,
                    "the run had no recovery, so nothing was measured; make one with `coxswain"
                            + " train … --kill 1@step:200 --report FILE`");
        }
        long decide = median(incidents, phases -> phases.decide());
        long step = 0;
        if (report.steps() > 0 && report.goodput().slots() > 0) {
            BigInteger productive =
                    report.goodput().categories().getOrDefault("productive", BigInteger.ZERO);
            step =
                    productive
                            .divide(BigInteger.valueOf(report.goodput().slots()))
                            .divide(BigInteger.valueOf(report.steps()))
                            .longValueExact();
        }
        return new Costs(
                median(incidents, phases -> phases.detect()),
                Math.min(assumed.workerDetectNanos(), median(incidents, phases -> phases.detect())),
                assumed.hangNanos(),
                assumed.auditLagNanos(),
                Math.max(1, median(incidents, phases -> phases.fence())),
                Math.max(1, decide),
                median(incidents, phases -> phases.restore()),
                Math.max(0, median(incidents, phases -> phases.resume()) - decide - step),
                assumed.workerStartNanos(),
                assumed.joinNanos(),
                file + " (medians of " + incidents.size() + " recoveries)");
    }

    private static long median(
            List<JobReport.IncidentReport> incidents, ToLongFunction<JobReport.Phases> phase) {
        long[] sorted =
                incidents.stream()
                        .mapToLong(one -> phase.applyAsLong(one.phasesNanos()))
                        .sorted()
                        .toArray();
        return sorted[sorted.length / 2];
    }

    private static ConfigException complaint(Path file, String what) {
        return new ConfigException(List.of("--costs: " + file + ": " + what));
    }
}
