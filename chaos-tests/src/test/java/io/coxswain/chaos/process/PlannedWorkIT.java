package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.PlannedWork;
import io.coxswain.launcher.admin.PlannedWork.Manner;
import io.coxswain.launcher.admin.PlannedWork.Verb;
import io.coxswain.launcher.admin.PlannedWork.Word;
import io.coxswain.proto.admin.v1.AgentMaintenance;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Agents are taken out of service while a job runs, each process by a command of its own. */
class PlannedWorkIT {
    private static final long STEPS = 400;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir private Path folder = Path.of("");

    private static String say(ByHand cluster, Verb verb, String agent, int code, boolean waits)
            throws Exception {
        var said = new ByteArrayOutputStream();
        var out = new PrintStream(said, true, StandardCharsets.UTF_8);
        var address = new AdminClient.Address(null, cluster.zookeeper(), "/coxswain");
        assertThat(
                        PlannedWork.run(
                                address,
                                new Word(verb, agent, "a test", false),
                                new Manner(waits, waits ? LIMIT : null, false),
                                out,
                                out))
                .as(() -> said.toString(StandardCharsets.UTF_8))
                .isEqualTo(code);
        return said.toString(StandardCharsets.UTF_8);
    }

    private static String withRank(StatusResponse status, int rank) {
        return status.getAgentsList().stream()
                .filter(agent -> agent.getRank() == rank)
                .findFirst()
                .orElseThrow()
                .getAgentId();
    }

    private static List<AgentMaintenance> away(StatusResponse status, String agent) {
        return status.getMaintenanceList().stream()
                .filter(one -> one.getAgentId().equals(agent))
                .toList();
    }

    /** As if nothing had happened: no step lost, the same state; planned incidents only. */
    private static void completesAsUndisturbed(ByHand cluster, int incidents) throws Exception {
        JobReport report = cluster.awaitReport("job");
        assertThat(report.completed()).isTrue();
        assertThat(report.incidents()).hasSize(incidents);
        assertThat(report.incidents())
                .allSatisfy(incident -> {
                    assertThat(incident.kind()).isEqualTo("planned");
                    assertThat(incident.stepsLost()).isZero();
                    assertThat(incident.closed()).isTrue();
                });
        assertThat(report.goodput().categories().get("lost_progress")).isZero();
        assertThat(report.finalDigest()).isEqualTo(cluster.undisturbed(STEPS));
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aDrainedAgentsRankGoesToTheSpare() throws Exception {
        try (var cluster = new ByHand(folder.resolve("cluster"), 3)) {
            cluster.submit("job", STEPS, Map.of());
            String leaves = withRank(cluster.status(), 1);
            assertThat(say(cluster, Verb.DRAIN, "nobody", ExitCode.FAILED, true))
                    .contains("no agent nobody is attached");
            assertThat(say(cluster, Verb.DRAIN, leaves, ExitCode.COMPLETED, true))
                    .contains("agent " + leaves + " is drained (operator: a test)");
            assertThat(withRank(cluster.status(), 1)).isNotEqualTo(leaves);
            assertThat(cluster.agentStatus(leaves).getState()).isEqualTo("drained");
            say(cluster, Verb.DRAIN, leaves, ExitCode.COMPLETED, true);
            // Back again, as a spare; a monitor takes it out and back.
            say(cluster, Verb.UNCORDON, leaves, ExitCode.COMPLETED, false);
            say(cluster, Verb.FAILING, leaves, ExitCode.COMPLETED, false);
            cluster.await(status ->
                    away(status, leaves).stream()
                            .anyMatch(agent -> agent.getState().equals("drained")));
            say(cluster, Verb.OK, leaves, ExitCode.COMPLETED, false);
            assertThat(away(cluster.status(), leaves)).isEmpty();
            completesAsUndisturbed(cluster, 2);
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void aProcessThatIsToldToEndIsDrainedFirst() throws Exception {
        try (var cluster = new ByHand(folder.resolve("cluster"), 3)) {
            cluster.submit("job", STEPS, Map.of());
            String leaves = withRank(cluster.status(), 0);
            Process process = cluster.agentProcess(leaves);
            // Not through the process, which would close its standard input too.
            process.toHandle().destroy();
            assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
            assertThat(withRank(cluster.status(), 0)).isNotEqualTo(leaves);
            completesAsUndisturbed(cluster, 1);
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void anotherLeaderGoesOnWithADrain() throws Exception {
        try (var cluster = new ByHand(folder.resolve("cluster"), 3)) {
            cluster.submit("job", STEPS, Map.of());
            String standby = cluster.standby();
            String stays = withRank(cluster.status(), 0);
            String leaves = withRank(cluster.status(), 1);
            String spare =
                    List.of("a0", "a1", "a2").stream()
                            .filter(id -> !id.equals(stays) && !id.equals(leaves))
                            .findFirst()
                            .orElseThrow();
            say(cluster, Verb.CORDON, spare, ExitCode.COMPLETED, false);
            assertThat(say(cluster, Verb.DRAIN, leaves, ExitCode.COMPLETED, false))
                    .contains("no spare is there");
            cluster.first().destroyForcibly();
            cluster.ask(standby);
            cluster.await(status ->
                    status.getTerm() > 1
                            && away(status, leaves).stream()
                                    .anyMatch(a -> a.getDetail().contains("no spare")));
            say(cluster, Verb.UNCORDON, spare, ExitCode.COMPLETED, false);
            say(cluster, Verb.DRAIN, leaves, ExitCode.COMPLETED, true);
            say(cluster, Verb.UNCORDON, leaves, ExitCode.COMPLETED, false);
            completesAsUndisturbed(cluster, 1);
        }
    }
}
