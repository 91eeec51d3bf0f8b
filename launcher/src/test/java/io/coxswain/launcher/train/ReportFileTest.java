package io.coxswain.launcher.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class ReportFileTest {
    @TempDir private Path folder = Path.of("");

    private static JobReport report(boolean completed) {
        return report(completed, 0.975);
    }

    private static JobReport report(boolean completed, @Nullable Double accuracy) {
        return new JobReport(
                "digits-1",
                completed,
                600,
                "ab",
                0.25,
                accuracy,
                76_800,
                List.of(1_438L, 500L),
                new JobReport.Goodput(
                        4,
                        1_000,
                        BigInteger.valueOf(4_000),
                        Map.of(
                                "productive",
                                BigInteger.valueOf(3_000),
                                "startup",
                                BigInteger.valueOf(1_000)),
                        0.75),
                List.of(),
                Map.of("java", "25"));
    }

    @Test
    void replacesWhatWasThereAndLeavesNothingElse() throws IOException {
        Path file = Files.writeString(folder.resolve("out.json"), "old");

        ReportFile.write(file, report(true));

        assertThat(JobReport.fromJson(Files.readString(file))).isEqualTo(report(true));
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void isCheckedBeforeAnythingRuns() {
        assertThatThrownBy(() -> ReportFile.check(folder)).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> ReportFile.check(folder.resolve("a/b.json")))
                .isInstanceOf(ConfigException.class);
    }

    @Test
    void theSummaryHasTheNumbersAndTheTable() {
        assertThat(RunSummary.of(report(true)))
                .anySatisfy(line -> assertThat(line).contains("completed 600 steps"))
                .anySatisfy(line -> assertThat(line).contains("held-out accuracy  97.50%"))
                .anySatisfy(line -> assertThat(line).contains("final digest       ab"))
                .anySatisfy(line -> assertThat(line).contains("productive").contains("75.0%"))
                .anySatisfy(line -> assertThat(line).contains("startup").contains("25.0%"));
        assertThat(RunSummary.of(report(false)).getFirst()).startsWith("ended after 600 steps");
    }

    @Test
    void whatWasNotEvaluatedIsSaidSo() {
        assertThat(RunSummary.of(report(true, null)))
                .contains("  held-out accuracy  not evaluated");
        assertThat(RunSummary.of(report(false, null))).noneMatch(line -> line.contains("held-out"));
        assertThat(report(true, null).toJson()).contains("\"accuracy\" : null");
    }
}
