package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.HandOver;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** A coordinator that stands by takes over while members step on, each a process of its own. */
class FailoverIT {
    private static final long STEPS = 300;

    /** The final state of a job that nothing happened to; empty: not known yet. */
    private static String undisturbed = "";

    @TempDir private Path folder = Path.of("");

    /** A job that steps, under one coordinator and with another that stands by. */
    private static final class Run implements AutoCloseable {
        private final ByHand cluster;
        private final String former;
        private final String standby;
        private final long epoch;
        private final long began;

        Run(Path folder) throws Exception {
            cluster = new ByHand(folder.resolve("cluster"), 3);
            former = cluster.coordinator();
            standby = cluster.standby();
            cluster.submit("job", STEPS, Map.of());
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
            // Whoever leads now runs another job too; the first of them is the one to compare with.
            cluster.submit("after", undisturbed.isEmpty() ? STEPS : 20, Map.of());
            JobReport after = cluster.awaitReport("after");
            assertThat(after.completed()).isTrue();
            undisturbed = undisturbed.isEmpty() ? after.finalDigest() : undisturbed;
            assertThat(undisturbed).isEqualTo(report.finalDigest());
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
    void theLeaderIsKilled() throws Exception {
        try (var run = new Run(folder)) {
            run.cluster.first().destroyForcibly();
            run.isTakenOver("SIGKILL");
            run.completes();
        }
    }

    @Test
    void theLeaderEnds() throws Exception {
        try (var run = new Run(folder)) {
            run.cluster.first().destroy();
            run.isTakenOver("SIGTERM");
            run.completes();
        }
    }

    @Test
    void theLeaderIsAskedToHandOver() throws Exception {
        try (var run = new Run(folder)) {
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
    void theLeaderSleepsPastItsSessionAndWakes() throws Exception {
        try (var run = new Run(folder)) {
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
