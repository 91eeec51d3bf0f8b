package io.coxswain.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

class PeersBenchTest {
    @TempDir private Path folder = Path.of("");

    @Test
    void withoutTorchNothingIsMeasuredAndWhatIsMissingIsNamed() throws Exception {
        Path python = folder.resolve("python");
        Files.writeString(
                python,
                "#!/bin/sh\necho \"ModuleNotFoundError: No module named 'torch'\" >&2\nexit 1\n");
        Files.setPosixFilePermissions(python, PosixFilePermissions.fromString("rwx------"));
        var settings = new BenchSettings(folder.resolve("none.yaml"), folder, null, 90, _ -> {});

        BenchReport report =
                PeersBench.run(
                        settings,
                        new PeersBench.Options(
                                python.toString(),
                                folder,
                                folder,
                                List.of("readme"),
                                false,
                                1,
                                20,
                                8,
                                2));

        assertThat(report.figures()).isEmpty();
        assertThat(report.table().getLast())
                .startsWith("note: nothing was measured: ")
                .contains("No module named 'torch'", "-m pip install torch numpy");
    }

    @Test
    void figuresAreOfAllRoundsAndTellWhatWasNotMadeGood() {
        var figures = new PeerFigures("one of them");
        var points =
                List.of(
                        new StepTrace.Point(10, 100, 1),
                        new StepTrace.Point(11, 5, 0.5),
                        new StepTrace.Point(12, 10, 1));
        figures.add(StepTrace.of(0, 12, points, List.of(10.5)));
        figures.add(StepTrace.of(0, 12, points, List.of(11.5)));
        var report = new BenchReport("peers", java.util.Map.of());

        figures.report(report);

        assertThat(report.figures())
                .extracting(figure -> figure.name().strip() + " " + figure.samples().count())
                .containsExactly(
                        "one of them: steps, undisturbed 2",
                        "steps, deaths included, by their share of ranks 2",
                        "death → next step 1",
                        "death → full strength 1",
                        "goodput, by time 2");
        assertThat(report.table().getLast())
                .isEqualTo(
                        "note: one of them: after 1 of 2 deaths full strength was not reached"
                                + " again before the end");
    }
}
