package io.coxswain.chaos.process;

import static io.coxswain.chaos.checker.Oracles.ledgerExact;
import static io.coxswain.chaos.checker.Oracles.samplesOnce;
import static io.coxswain.chaos.checker.Oracles.stepsOnce;
import static io.coxswain.chaos.scenario.Chaos.agent;
import static io.coxswain.chaos.scenario.Chaos.agents;
import static io.coxswain.chaos.scenario.Chaos.at;
import static io.coxswain.chaos.scenario.Chaos.coordinator;
import static io.coxswain.chaos.scenario.Chaos.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.chaos.checker.Oracles;
import io.coxswain.chaos.checker.Outcome;
import io.coxswain.chaos.checker.Reference;
import io.coxswain.chaos.checker.Verdict;
import io.coxswain.chaos.cluster.AbortWhen;
import io.coxswain.chaos.cluster.AttachedCluster;
import io.coxswain.chaos.cluster.Cluster;
import io.coxswain.chaos.cluster.Credentials;
import io.coxswain.chaos.port.PortSettings;
import io.coxswain.chaos.scenario.Part;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.chaos.scenario.ScenarioFile;
import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.Main;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.local.JavaProcess;
import io.coxswain.proto.admin.v1.JobPhase;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Scenarios on a cluster that runs already and goes on afterwards. */
class AttachIT {
    private static final Map<String, String> ALLOWED = Map.of("chaos", "allowed");
    private static final long ENDLESS = 1_000_000;

    @TempDir private static Path scratch = Path.of("");

    private static ByHand cluster;

    @TempDir private Path folder = Path.of("");

    private final List<String> told = java.util.Collections.synchronizedList(new ArrayList<>());

    @BeforeAll
    static void start() throws Exception {
        cluster = new ByHand(scratch.resolve("cluster"), 3);
    }

    @AfterAll
    static void end() throws Exception {
        cluster.close();
    }

    private AttachedCluster.Builder attach(String job) {
        return Cluster.attach(cluster.coordinator(), Credentials.none())
                .job(job)
                .port(
                        PortSettings.of("local")
                                .command(
                                        "start", "sh", cluster.startScript().toString(), "{agent}"))
                .folder(folder.resolve("run"))
                .narrator(told::add);
    }

    private static Scenario scenario(String name) throws ConfigException {
        return ScenarioFile.read(
                ByHand.home().resolve("chaos-tests/scenarios/" + name + ".yaml"), Oracles.names());
    }

    private static boolean attachedAll() throws Exception {
        cluster.await(status -> status.getAgentsCount() == 3);
        return true;
    }

    @Test
    void aHostDiesAndIsStartedAgain() throws Exception {
        cluster.submit("dies", ENDLESS, ALLOWED);
        String victim = incarnation("dies");
        try (AttachedCluster attached = attach("dies").open()) {
            Outcome outcome = attached.play(scenario("host-dies"));

            assertThat(outcome.holds()).as(outcome.lines() + "\n" + told).isTrue();
            assertThat(outcome.verdicts())
                    .extracting(Verdict::oracle)
                    .containsExactly("healed", "expected", "steps");
            assertThat(outcome.evidence().firings())
                    .singleElement()
                    .satisfies(firing -> {
                        assertThat(firing.held()).isFalse();
                        assertThat(firing.afterStep()).isGreaterThanOrEqualTo(50);
                    });
            assertThat(outcome.rows())
                    .singleElement()
                    .satisfies(row -> {
                        assertThat(row.recoveredNanos()).isPresent();
                        assertThat(row.stepsLost()).isZero();
                    });
            // History from before is none of the scenario's.
            assertThat(outcome.evidence().journal().getFirst().step()).isGreaterThanOrEqualTo(10);
        }
        // It goes on, with the agent back as another process.
        assertThat(cluster.job("dies").getPhase()).isEqualTo(JobPhase.JOB_PHASE_ACTIVE);
        assertThat(cluster.job("dies").getIncidents()).isEqualTo(1);
        assertThat(cluster.agentStatus(victim.split(" ", 2)[0]).getIncarnation())
                .isNotEqualTo(victim.split(" ", 2)[1]);
        cluster.cancel("dies");
    }

    // Of who has rank 1: "agent incarnation".
    private static String incarnation(String job) throws Exception {
        assertThat(cluster.job(job).getPhase()).isEqualTo(JobPhase.JOB_PHASE_ACTIVE);
        return cluster.status().getAgentsList().stream()
                .filter(agent -> agent.getRank() == 1)
                .map(agent -> agent.getAgentId() + " " + agent.getIncarnation())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void untilTheJobEndsItsReportIsJudged() throws Exception {
        assertThat(attachedAll()).isTrue();
        cluster.submit("undisturbed", 100, ALLOWED);
        JobReport reference = cluster.awaitReport("undisturbed");
        cluster.submit("disturbed", 100, ALLOWED);
        try (AttachedCluster attached =
                attach("disturbed")
                        .until(AttachedCluster.Until.JOB_ENDS)
                        .reference(new Reference(reference.finalDigest(), reference.finalLoss()))
                        .open()) {
            attached.play(at(step(20)).killWorker(agent(0)))
                    .assertThat(stepsOnce(), samplesOnce(), ledgerExact(), Oracles.finalDigest());
        }
        assertThat(cluster.job("disturbed").getPhase()).isEqualTo(JobPhase.JOB_PHASE_COMPLETED);
    }

    @Test
    void withoutTheLabelNobodyIsHurt() throws Exception {
        cluster.submit("private", ENDLESS, Map.of("chaos", "never"));

        assertThatThrownBy(() -> attach("private").open())
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(
                        "job private does not carry the label 'chaos: allowed', so its agents must"
                                + " not be hurt");
        assertThatThrownBy(() -> attach("nobody").open())
                .hasMessageContaining("there is no job nobody");

        assertThat(cluster.job("private").getIncidents()).isZero();
        cluster.cancel("private");
        assertThatThrownBy(() -> attach("private").open()).hasMessageContaining("is over");
    }

    @Test
    void whatCannotBePlayedIsRefusedBeforeAnybodyIsHurt() throws Exception {
        assertThat(attachedAll()).isTrue();
        cluster.submit("careful", ENDLESS, ALLOWED);
        try (AttachedCluster attached = attach("careful").open()) {
            assertThatThrownBy(() -> attached.play(at(step(5)).killWorker(agents(0, 1))))
                    .hasMessageContaining("hurts 2 agents, and at most 1 may be (--max-victims)");
            assertThatThrownBy(() -> attached.play(at(step(5)).kill(coordinator())))
                    .hasMessageContaining("the coordinator belongs to no job");
            assertThatThrownBy(() -> attached.play(at(step(5)).kill(agent(3))))
                    .hasMessageContaining("the job has 3 agents");
            assertThatThrownBy(() -> attached.play(scenario("partition")))
                    .hasMessageContaining("there is no proxy before the planes here");
            assertThatThrownBy(
                            () -> attached.play(withOracles("restored", "nothing-left", "samples")))
                    .hasMessageContaining("oracle restored cannot judge here")
                    .hasMessageContaining("oracle nothing-left cannot judge here")
                    .hasMessageContaining("oracle samples cannot judge here: it needs the job's");

            assertThat(attached.plan(scenario("host-dies"), 1))
                    .hasSize(3)
                    .anySatisfy(line ->
                            assertThat(line)
                                    .contains("SIGKILL: /bin/sh -c 'kill -KILL ")
                                    .contains("pgrep -P"))
                    .anySatisfy(line ->
                            assertThat(line).contains("start again: sh ").contains("start.sh"));
        }
        try (AttachedCluster attached = attach("careful").port(PortSettings.of("local")).open()) {
            assertThatThrownBy(() -> attached.play(scenario("host-dies")))
                    .hasMessageContaining("does not know how a dead agent is started again");
        }
        assertThat(cluster.job("careful").getIncidents()).isZero();
        cluster.cancel("careful");
    }

    private static Scenario withOracles(String... oracles) throws ConfigException {
        Scenario dies = scenario("host-dies");
        return new Scenario(
                dies.name(),
                dies.about(),
                dies.faults(),
                dies.target(),
                dies.setup(),
                dies.rules(),
                dies.expectation(),
                List.of(oracles));
    }

    @Test
    void anAbortHealsEverything() throws Exception {
        assertThat(attachedAll()).isTrue();
        cluster.submit("fragile", ENDLESS, ALLOWED);
        String victim = incarnation("fragile");
        long pid = cluster.agentStatus(victim.split(" ", 2)[0]).getPid();
        try (AttachedCluster attached =
                attach("fragile").abort(new AbortWhen(Duration.ofMillis(900), 0)).open()) {
            Outcome outcome =
                    attached.play(
                            at(step(20))
                                    .bring(
                                            agent(1),
                                            new io.coxswain.chaos.scenario.Fault.Pause(Part.HOST)));

            assertThat(outcome.holds()).isFalse();
            assertThat(outcome.verdicts())
                    .extracting(verdict -> verdict.oracle() + " " + verdict.holds())
                    .containsExactly("aborted false", "healed true");
            assertThat(outcome.verdicts().getFirst().says()).contains("no step was completed for");
        }
        assertThat(stat(pid)).as("not stopped").isNotEqualTo('T');
        long step = cluster.job("fragile").getCompletedStep();
        cluster.await(status -> status.getJobs(0).getCompletedStep() > step + 5);
        assertThat(attachedAll()).isTrue();
        cluster.cancel("fragile");
    }

    @Test
    void poorGoodputBreaksOff() throws Exception {
        assertThat(attachedAll()).isTrue();
        cluster.submit("slow", ENDLESS, ALLOWED);
        try (AttachedCluster attached =
                attach("slow").abort(new AbortWhen(Duration.ofMinutes(1), 0.97)).open()) {
            Outcome outcome = attached.play(at(step(20)).killWorker(agent(0)));

            assertThat(outcome.verdicts())
                    .extracting(verdict -> verdict.oracle() + " " + verdict.holds())
                    .containsExactly("aborted false", "healed true");
            assertThat(outcome.verdicts().getFirst().says()).contains("goodput", "less than 0.97");
        }
        cluster.cancel("slow");
    }

    @Test
    void whoEndsTheCommandLeavesNobodyStopped() throws Exception {
        assertThat(attachedAll()).isTrue();
        cluster.submit("stopped", ENDLESS, ALLOWED);
        long pid = cluster.agentStatus(incarnation("stopped").split(" ", 2)[0]).getPid();
        Path file =
                Files.writeString(
                        folder.resolve("pause.yaml"),
                        """
                        name: pause
                        about: Somebody stands still until the end.
                        job: {file: %s/chaos-tests/jobs/small.yaml}
                        rules:
                          - at: {step: 5}
                            pause: agent 1
                          - at: {step: 1000000}
                            pause: agent 1
                        """
                                .formatted(ByHand.home()));
        Process command =
                started(
                        "chaos",
                        file.toString(),
                        "--attach",
                        cluster.coordinator(),
                        "--port",
                        "local",
                        "--run-dir",
                        folder + "/runs");
        try (var output = command.inputReader(StandardCharsets.UTF_8)) {
            String line = output.readLine();
            while (line != null && !line.contains("SIGSTOP")) {
                line = output.readLine();
            }
            assertThat(line).isNotNull();
            assertThat(stat(pid)).isEqualTo('T');

            command.destroy();

            assertThat(command.waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(command.exitValue()).isEqualTo(143);
        assertThat(stat(pid)).isNotEqualTo('T');
        assertThat(attachedAll()).isTrue();
        cluster.cancel("stopped");
    }

    // The state of a process, as proc(5) has it.
    private static char stat(long pid) throws Exception {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        return stat.charAt(stat.lastIndexOf(')') + 2);
    }

    private record Ran(int exit, String output) {}

    private Ran coxswain(String... arguments) throws Exception {
        Process process = started(arguments);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Ran(process.exitValue(), output);
    }

    // ssh and kubectl are scripts that run here what they are to run elsewhere.
    private Process started(String... arguments) throws Exception {
        Path bin = Files.createDirectories(folder.resolve("bin"));
        script(
                bin.resolve("ssh"),
                """
                echo "ssh $*" >> %s
                for last; do :; done
                exec sh -c "$last"
                """
                        .formatted(folder.resolve("asked")));
        script(
                bin.resolve("kubectl"),
                """
                echo "kubectl $*" >> %s
                test "$1" = exec || exit 3
                shift 3
                exec "$@"
                """
                        .formatted(folder.resolve("asked")));
        var command = new ArrayList<>(Training.java());
        command.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        JavaProcess.classPath(),
                        Main.class.getName()));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().merge("PATH", "", (path, _) -> bin + ":" + path);
        Process process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    private static void script(Path file, String text) throws Exception {
        Files.writeString(file, "#!/bin/sh\n" + text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void fromTheCommandLineOverSshAndKubectl() throws Exception {
        assertThat(attachedAll()).isTrue();
        cluster.submit("remote", ENDLESS, ALLOWED);
        Path junit = folder.resolve("junit.xml");
        Path table = folder.resolve("table.md");
        String[] shared = {
            "--attach", cluster.coordinator(), "--job", "remote", "--run-dir", folder + "/runs"
        };

        Ran dry =
                coxswain(
                        with(
                                shared,
                                "chaos",
                                "host-dies",
                                "--port",
                                "ssh",
                                "--start",
                                "none",
                                "--dry-run"));
        assertThat(dry.exit()).as(dry.output()).isZero();
        assertThat(dry.output())
                .contains("SIGKILL: ssh -o BatchMode=yes -o ConnectTimeout=5 127.0.0.1 'kill -KILL")
                .contains("to heal, start again: nothing: somebody else does it");
        assertThat(folder.resolve("asked")).doesNotExist();

        Path port =
                Files.writeString(
                        folder.resolve("port.yaml"),
                        """
                        port: ssh
                        arguments: [-l, trainer]
                        commands:
                          start: [ssh, '{address}', 'sh %s {agent}']
                        """
                                .formatted(cluster.startScript()));
        Ran ssh =
                coxswain(
                        with(
                                shared,
                                "chaos",
                                "host-dies",
                                "--port",
                                port.toString(),
                                "--junit",
                                junit.toString(),
                                "--table",
                                table.toString()));
        assertThat(ssh.exit()).as(ssh.output()).isZero();
        assertThat(Files.readString(folder.resolve("asked")))
                .contains(
                        "ssh -l trainer -o BatchMode=yes -o ConnectTimeout=5 127.0.0.1 kill -KILL")
                .contains("ssh 127.0.0.1 sh ");
        assertThat(Files.readString(junit)).contains("tests=\"1\" failures=\"0\"");
        assertThat(Files.readString(table)).contains("| host-dies | SIGKILL a");

        Ran kubectl = coxswain(with(shared, "chaos", "worker-dies", "--port", "kubectl"));
        assertThat(kubectl.exit()).as(kubectl.output()).isZero();
        assertThat(Files.readString(folder.resolve("asked")))
                .containsPattern("kubectl exec \\S+ -- sh -c pkill -KILL -P \\d+");
        assertThat(cluster.job("remote").getIncidents()).isEqualTo(2);

        Ran refused = coxswain(with(shared, "chaos", "partition", "--port", "ssh"));
        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.output()).contains("there is no proxy before the planes here");
        cluster.cancel("remote");
    }

    private static String[] with(String[] shared, String... own) {
        var all = new ArrayList<>(List.of(own));
        all.addAll(List.of(shared));
        return all.toArray(String[]::new);
    }
}
