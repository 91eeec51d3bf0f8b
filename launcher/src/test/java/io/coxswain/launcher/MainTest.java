package io.coxswain.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import picocli.CommandLine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

@ResourceLock(Resources.SYSTEM_OUT)
class MainTest {
    private static final String DIGITS = Path.of("..", "examples", "digits", "job.yaml").toString();

    @TempDir private Path folder = Path.of("");

    private final PrintStream realOut = System.out;
    private final PrintStream realErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void listen() {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restore() {
        System.setOut(realOut);
        System.setErr(realErr);
    }

    private String said() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String complained() {
        return err.toString(StandardCharsets.UTF_8);
    }

    static List<String> commands() {
        return List.copyOf(Main.commandLine(null).getSubcommands().keySet());
    }

    @Test
    void listsItsCommandsAndExitCodes() {
        assertThat(Main.execute("--help")).isZero();
        assertThat(said())
                .contains(
                        "train",
                        "coordinator",
                        "agent",
                        "submit",
                        "status",
                        "jobs",
                        "wait",
                        "cancel",
                        "pause",
                        "resume",
                        "failover",
                        "drain",
                        "cordon",
                        "uncordon",
                        "report-health",
                        "events",
                        "logs",
                        "stacks",
                        "debug-bundle",
                        "incidents",
                        "top",
                        "certs",
                        "goodput",
                        "rules",
                        "zk",
                        "completion")
                .contains("Exit codes:")
                .contains("130");
    }

    @Test
    void saysItsVersion() {
        assertThat(Main.execute("--version")).isZero();
        assertThat(said()).startsWith("coxswain ");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandHasHelpWithExamples(String command) {
        assertThat(Main.execute(command, "--help")).isZero();
        assertThat(said())
                .contains("Usage: coxswain " + command)
                .contains("Examples:", "  coxswain " + command);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void aLazyCommandIsTheSameAsAmongAll(String command) {
        assertThat(usage(Main.commandLine(command), command))
                .isEqualTo(usage(Main.commandLine(null), command));
    }

    private static String usage(CommandLine line, String command) {
        return Objects.requireNonNull(line.getSubcommands().get(command)).getUsageMessage();
    }

    @Test
    void misuseIsExplainedInAFewWords() {
        assertThat(Main.execute()).isEqualTo(ExitCode.USAGE);
        assertThat(Main.execute("trian", DIGITS)).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("Did you mean: coxswain train");
        assertThat(Main.execute("train")).isEqualTo(ExitCode.USAGE);
        assertThat(complained())
                .contains("coxswain: Missing required parameter: 'JOB'")
                .contains("See coxswain train --help");
        assertThat(Main.execute("train", DIGITS, "--kill", "1@noon")).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("--kill '1@noon' is not a fault coordinate");
        assertThat(Main.execute("train", DIGITS, "--spares", "-1")).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void anExportNamesWhereTheEventsAre() {
        assertThat(Main.execute("goodput", "export", "--ml-goodput", "x"))
                .isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("one of --journal FILE and --run-dir DIR is needed");
        assertThat(Main.execute("goodput", "export", "--journal", "x")).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("--ml-goodput");
        assertThat(Main.execute("train", DIGITS, "--http-token-file", "x"))
                .isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("--http-token-file needs --http");
    }

    @Test
    void anUnusableJobIsExplained() throws IOException {
        Path job = Files.writeString(folder.resolve("job.yaml"), "name: x\nsteps: no\n");

        assertThat(Main.execute("train", job.toString())).isEqualTo(ExitCode.USAGE);
        assertThat(complained())
                .contains("coxswain: " + job + ":2:8: steps: found 'no', expected a whole number")
                .contains("data: is missing")
                .contains("runtime: is missing");
        assertThat(Main.execute("submit", folder.resolve("none.yaml").toString()))
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void theMeshMustFitTheAgents() {
        assertThat(Main.execute("train", DIGITS, "--local", "3")).isEqualTo(ExitCode.USAGE);
        assertThat(complained())
                .contains("--local 3: the mesh has 2 × 2 = 4 ranks")
                .contains("expected --local 4 or more");
    }

    @Test
    void faultsMustNameAgentsAndStepsThatThereAre() {
        assertThat(
                        Main.execute(
                                "train",
                                DIGITS,
                                "--kill",
                                "5@step:10",
                                "--kill-worker",
                                "0@step:601"))
                .isEqualTo(ExitCode.USAGE);
        assertThat(complained())
                .contains("--kill 5@step:10:execute: there is no agent 5; expected 0 to 4")
                .contains("--kill-worker 0@step:601:execute: the job has only 600 steps");
    }

    @Test
    void tooLittleSharedMemoryIsRefusedUpFront() {
        assertThat(
                        Main.execute(
                                "train",
                                DIGITS,
                                "--set",
                                "runtime.ballast=1TiB",
                                "--arena-dir",
                                folder.toString()))
                .isEqualTo(ExitCode.ENVIRONMENT);
        assertThat(complained())
                .contains("not enough shared memory in " + folder)
                .contains("The sum: 4 ranks × ");
    }

    @Test
    void aReportThatCannotBeWrittenIsRefusedUpFront() {
        assertThat(
                        Main.execute(
                                "train",
                                DIGITS,
                                "--report",
                                folder.resolve("no/such/report.json").toString()))
                .isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("--report: ", " cannot be written: ");
    }

    @Test
    void aCoordinatorThatIsNotThereIsSaidSo() throws IOException {
        String nobody;
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = "127.0.0.1:" + taken.getLocalPort();
        }

        for (List<String> command :
                List.of(
                        List.of("status"),
                        List.of("jobs"),
                        List.of("cancel", "x"),
                        List.of("pause"),
                        List.of("pause", "x", "--reason", "new data", "--json"),
                        List.of("resume", "x"),
                        List.of("failover"),
                        List.of("events"),
                        List.of("logs", "0"),
                        List.of("stacks", "x"),
                        List.of("debug-bundle"))) {
            var args = new java.util.ArrayList<>(command);
            args.addAll(List.of("--coordinator", nobody));
            assertThat(Main.execute(args.toArray(String[]::new))).isEqualTo(ExitCode.ENVIRONMENT);
        }
        assertThat(complained()).contains("the coordinator at " + nobody + " did not answer");
    }

    @Test
    void whoIsToBeLookedAtIsChecked() {
        assertThat(Main.execute("logs", "no such agent")).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("'no such agent' is neither a rank (0, 1, 2 …) nor an");
        assertThat(Main.execute("logs", "0", "--lines", "0")).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("--lines 0: expected 1 to 1000000");
        assertThat(Main.execute("stacks", "job", "-1")).isEqualTo(ExitCode.USAGE);
        assertThat(Main.execute("debug-bundle", "0")).isEqualTo(ExitCode.USAGE);
        assertThat(complained()).contains("incident 0: they count from 1");
    }

    @Test
    void completionKnowsTheCommands() {
        assertThat(Main.execute("completion", "bash")).isZero();
        assertThat(said()).contains("complete -F").contains("--kill-worker");
        assertThat(Main.execute("completion", "fish")).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void exitCodesOfTheHelpAreThoseOfTheCode() {
        CommandLine line = Main.commandLine(null);

        assertThat(line.getCommandSpec().usageMessage().exitCodeList().keySet())
                .containsExactly(
                        Integer.toString(ExitCode.COMPLETED),
                        Integer.toString(ExitCode.FAILED),
                        Integer.toString(ExitCode.USAGE),
                        Integer.toString(ExitCode.ENVIRONMENT),
                        Integer.toString(ExitCode.BUG),
                        Integer.toString(ExitCode.INTERRUPTED));
        assertThat(ExitCode.TERMINATED).isEqualTo(143);
    }
}
