package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.HandOver;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** A coordinator that stands by takes over while members step on, each a process of its own. */
class FailoverIT {
    /** So many that a session of a leader that is gone is over before the last of them. */
    private static final long STEPS = 300;

    /** Enough where the lead is handed over. */
    private static final long FEW_STEPS = 150;

    @TempDir private Path folder = Path.of("");

    /** A job that steps, under one coordinator and with another that stands by. */
    private static final class Run implements AutoCloseable {
        private final ByHand cluster;
        private final String former;
        private final String standby;
        private final long steps;
        private final long epoch;
        private final long began;

        Run(Path folder, long steps) throws Exception {
            this.steps = steps;
            cluster = new ByHand(folder.resolve("cluster"), 3);
            former = cluster.coordinator();
            standby = cluster.standby();
            cluster.submit("job", steps, Map.of());
            epoch = cluster.job("job").getEpoch();
            began = System.nanoTime();
        }

        private boolean isLed(StatusResponse status) {
            return status.getTerm() > 1
                    && status.getJobsList().stream()
                            .anyMatch(job ->
                                    job.getJobId().equals("job")
                                            && job.getEpoch() == epoch
                                            && job.getCompletedStep() > 0);
        }

        void isTakenOver(String how) throws Exception {
            cluster.ask(standby);
            cluster.await(this::isLed);
            System.out.printf(
                    Locale.ROOT,
                    "%s: the standby leads the job after %d ms%n",
                    how,
                    (System.nanoTime() - began) / 1_000_000);
        }

        /** As if nothing had happened: no step lost, no other epoch, the same state. */
        void completes() throws Exception {
            JobReport report = cluster.awaitReport("job");
            assertThat(report.completed()).isTrue();
            assertThat(report.incidents()).isEmpty();
            assertThat(report.goodput().categories().get("lost_progress")).isZero();
            JobReport.GoodputWindow newest = report.goodput().windows().getFirst();
            assertThat(newest.elapsedNanos())
                    .as("the window of %s goes back to before the change", newest.window())
                    .isEqualTo(report.goodput().elapsedNanos());
            assertThat(cluster.job("job").getEpoch()).isEqualTo(epoch);
            // Whoever leads now runs another job too.
            cluster.submit("after", 20, Map.of());
            assertThat(cluster.awaitReport("after").completed()).isTrue();
            assertThat(cluster.undisturbed(steps)).isEqualTo(report.finalDigest());
        }

        private void signal(String name) throws Exception {
            Process kill =
                    new ProcessBuilder("kill", "-" + name, Long.toString(cluster.first().pid()))
                            .inheritIO()
                            .start();
            assertThat(kill.waitFor()).isZero();
        }

        @Override
        public void close() throws IOException {
            cluster.close();
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void theLeaderIsKilled() throws Exception {
        try (var run = new Run(folder, STEPS)) {
            run.cluster.first().destroyForcibly();
            run.isTakenOver("SIGKILL");
            run.completes();
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void theLeaderEnds() throws Exception {
        try (var run = new Run(folder, FEW_STEPS)) {
            run.cluster.first().destroy();
            run.isTakenOver("SIGTERM");
            run.completes();
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void theLeaderIsAskedToHandOver() throws Exception {
        try (var run = new Run(folder, FEW_STEPS)) {
            var said = new ByteArrayOutputStream();
            var address = new AdminClient.Address(null, run.cluster.zookeeper(), "/coxswain");
            var out = new PrintStream(said, true, StandardCharsets.UTF_8);
            assertThat(HandOver.run(address, out, System.err)).isZero();
            assertThat(said.toString(StandardCharsets.UTF_8))
                    .contains("coordinator first gave the lead of term 1 up")
                    .contains("coordinator standby leads with term 2");
            run.isTakenOver("failover");
            run.completes();
        }
    }

    @Test
    @Execution(ExecutionMode.CONCURRENT)
    void theLeaderSleepsPastItsSessionAndWakes() throws Exception {
        try (var run = new Run(folder, STEPS)) {
            run.signal("STOP");
            run.isTakenOver("SIGSTOP");
            run.signal("CONT");
            run.cluster.ask(run.former);
            run.cluster.await(status -> status.getTerm() == 0);
            run.cluster.ask(run.standby);
            run.completes();
        }
    }
}
