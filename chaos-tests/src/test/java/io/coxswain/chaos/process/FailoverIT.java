package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.HandOver;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** A coordinator that stands by takes over while members step on, each a process of its own. */
class FailoverIT {
    private static final long STEPS = 300;

    @TempDir private Path folder = Path.of("");

    private ByHand cluster = nothing();
    private String standby = "";
    private String former = "";
    private long epoch;
    private long began;

    @SuppressWarnings("NullAway")
    private static ByHand nothing() {
        return null;
    }

    @BeforeEach
    void start() throws Exception {
        cluster = new ByHand(folder.resolve("cluster"), 3);
        former = cluster.coordinator();
        standby = cluster.standby();
        cluster.submit("job", STEPS, Map.of());
        epoch = cluster.job("job").getEpoch();
        began = System.nanoTime();
    }

    @AfterEach
    void end() throws Exception {
        cluster.close();
    }

    private static boolean ledBy(StatusResponse status, long epoch) {
        return status.getTerm() > 1
                && status.getJobsList().stream()
                        .anyMatch(job -> job.getJobId().equals("job") && job.getEpoch() == epoch);
    }

    private void leads(String how) throws Exception {
        cluster.ask(standby);
        cluster.await(status -> ledBy(status, epoch) && status.getJobs(0).getCompletedStep() > 0);
        System.out.printf(
                Locale.ROOT,
                "%s: the standby leads the job after %d ms%n",
                how,
                (System.nanoTime() - began) / 1_000_000);
    }

    /** As if nothing had happened: no step lost, no other epoch, the same state. */
    private void completes() throws Exception {
        JobReport report = cluster.awaitReport("job");
        assertThat(report.completed()).isTrue();
        assertThat(report.incidents()).isEmpty();
        assertThat(report.goodput().categories().get("lost_progress")).isZero();
        JobStatus job = cluster.job("job");
        assertThat(job.getEpoch()).isEqualTo(epoch);
        cluster.submit("undisturbed", STEPS, Map.of());
        assertThat(cluster.awaitReport("undisturbed").finalDigest())
                .isEqualTo(report.finalDigest());
    }

    @Test
    void theLeaderIsKilled() throws Exception {
        cluster.first().destroyForcibly();
        leads("SIGKILL");
        completes();
    }

    @Test
    void theLeaderHandsOver() throws Exception {
        cluster.first().destroy();
        leads("SIGTERM");
        completes();
    }

    @Test
    void theLeaderIsAskedToHandOver() throws Exception {
        var said = new ByteArrayOutputStream();
        var address = new AdminClient.Address(null, cluster.zookeeper(), "");
        int code =
                HandOver.run(
                        address, new PrintStream(said, true, StandardCharsets.UTF_8), System.err);
        assertThat(code).isZero();
        assertThat(said.toString(StandardCharsets.UTF_8))
                .contains("coordinator first gave the lead of term 1 up")
                .contains("coordinator standby leads with term 2");
        leads("failover");
        completes();
    }

    @Test
    void theLeaderSleepsPastItsSessionAndWakes() throws Exception {
        signal("STOP");
        leads("SIGSTOP");
        signal("CONT");
        cluster.ask(former);
        cluster.await(status -> status.getTerm() == 0);
        cluster.ask(standby);
        completes();
    }

    private void signal(String name) throws Exception {
        Process kill =
                new ProcessBuilder("kill", "-" + name, Long.toString(cluster.first().pid()))
                        .inheritIO()
                        .start();
        assertThat(kill.waitFor()).isZero();
    }
}
