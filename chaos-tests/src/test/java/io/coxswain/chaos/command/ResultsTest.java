package io.coxswain.chaos.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.chaos.checker.Evidence;
import io.coxswain.chaos.checker.JobFacts;
import io.coxswain.chaos.checker.Outcome;
import io.coxswain.chaos.checker.Reference;
import io.coxswain.chaos.checker.Verdict;
import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.scenario.Expectation;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.chaos.scenario.Setup;
import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

class ResultsTest {
    @TempDir private Path folder = Path.of("");

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    private static Scenario scenario(String name) {
        return new Scenario(
                name,
                "About it.",
                List.of(),
                "",
                Setup.of(Path.of("job.yaml")),
                List.of(),
                Expectation.completion(),
                List.of());
    }

    private Outcome outcome(String name, boolean holds) {
        var firing =
                new Firing(0, "step 1", "SIGKILL agent-1", "step 1", false, List.of(), 1, 1, "");
        return new Outcome(
                name,
                "",
                new Evidence(
                        new JobFacts(1, 1),
                        true,
                        true,
                        "",
                        null,
                        List.of(),
                        List.of(),
                        List.of(firing),
                        Map.of(),
                        List.of(),
                        () -> new Reference("", null)),
                List.of(new Verdict("steps", holds, "so")),
                folder,
                Duration.ofSeconds(1));
    }

    @Test
    void theFilesAreThereAfterEachScenario() throws Exception {
        Path junit = folder.resolve("junit.xml");
        Path table = folder.resolve("table.md");
        var results =
                new Results(new PrintStream(said, true, StandardCharsets.UTF_8), junit, table);

        results.take(scenario("first"), one -> outcome(one.name(), true));
        results.take(
                scenario("second"),
                one -> {
                    // What comes now loses nothing of what was.
                    assertThat(junit).content().contains("tests=\"1\"", "name=\"first\"");
                    assertThat(table).content().contains("| first ");
                    throw new IllegalStateException("the fault-free run failed");
                });

        assertThat(junit)
                .content()
                .contains("tests=\"2\"", "failures=\"1\"", "the fault-free run failed");
        assertThat(results.holds()).isFalse();

        results.take(scenario("third"), one -> outcome(one.name(), true));
        assertThat(junit).content().contains("tests=\"3\"", "failures=\"1\"", "name=\"third\"");
        assertThat(table).content().contains("| first ", "| third ");
        assertThat(results.table()).hasSize(4);
        assertThat(said.toString(StandardCharsets.UTF_8))
                .contains("FAILS  the fault-free run failed");
        try (var files = Files.list(folder)) {
            assertThat(files).as("drafts").hasSize(2);
        }
    }

    @Test
    void aFileThatCannotBeWrittenIsRefusedBeforeAnythingStarts() throws Exception {
        Results.check("--junit", null);
        Results.check("--junit", folder.resolve("new.xml"));
        assertThatThrownBy(() -> Results.check("--junit", folder))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("--junit: " + folder + " cannot be written: expected");
        assertThatThrownBy(() -> Results.check("--table", folder.resolve("no/table.md")))
                .hasMessageContaining("--table: ");
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> Results.check("--junit", file.resolve("x.xml")))
                .hasMessageContaining("existing folder");
        // Writable by its permissions for root, and for nobody in fact.
        assertThatThrownBy(() -> Results.check("--junit", Path.of("/proc/x.xml")))
                .hasMessageContaining("--junit: /proc/x.xml cannot be written: expected a file");
    }

    @Test
    void anExceptionWithoutWordsHasAtLeastItsName() throws Exception {
        Path junit = folder.resolve("junit.xml");
        var results = new Results(new PrintStream(said, true, StandardCharsets.UTF_8), junit, null);

        results.take(
                scenario("bad"),
                one -> {
                    throw new UnsupportedOperationException();
                });

        assertThat(junit).content().contains("message=\"java.lang.UnsupportedOperationException\"");
    }

    @Test
    void oneFileForBothIsRefusedBeforeAnythingStarts() {
        var errors = new StringWriter();
        var line = new CommandLine(new ChaosCommand());
        line.setErr(new PrintWriter(errors, true));
        Path file = folder.resolve("results");
        int code =
                line.execute(
                        "scenarios/host-dies.yaml",
                        "--junit",
                        file.toString(),
                        "--table",
                        folder.resolve("./results").toString());
        assertThat(code).isEqualTo(2);
        assertThat(errors.toString()).contains("both name " + file, "expected two files");
        assertThat(file).doesNotExist();
    }
}
