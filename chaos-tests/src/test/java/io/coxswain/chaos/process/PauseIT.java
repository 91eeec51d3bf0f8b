package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.JobReport;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.admin.LeaderCalls;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.PauseResponse;
import io.coxswain.proto.admin.v1.ResumeResponse;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Map;

/**
 * A job is paused, another coordinator takes over, and it is resumed: as if nothing had been. One
 * that waits in the queue is held there meanwhile.
 */
class PauseIT {
    private static final long STEPS = 200;

    @TempDir private Path folder = Path.of("");

    private static boolean isPaused(StatusResponse status) {
        return status.getTerm() > 1
                && status.getJobsList().stream()
                        .anyMatch(job -> job.getPhase() == JobPhase.JOB_PHASE_PAUSED);
    }

    @Test
    void aPausedJobStaysPausedUnderTheNextLeaderAndLosesNoStep() throws Exception {
        try (var cluster = new ByHand(folder.resolve("cluster"), 3)) {
            var former = new AdminClient.Address(cluster.coordinator(), "", "");
            String standby = cluster.standby();
            // Whoever stands by sends to the leader, without a look at ZooKeeper.
            var byStandby = new AdminClient.Address(standby, "", "");
            cluster.submit("job", STEPS, Map.of());
            long epoch = cluster.job("job").getEpoch();

            PauseResponse paused = LeaderCalls.pause(byStandby, "job", "new data");
            assertThat(paused.getRefusal()).isEmpty();
            assertThat(paused.getPaused()).isTrue();
            long step = paused.getStep();
            assertThat(step).isLessThan(STEPS);
            assertThat(LeaderCalls.pause(former, "", "again").getAlready()).isTrue();
            assertThat(LeaderCalls.pause(former, "nobody", "").getRefusal())
                    .isEqualTo("there is no job nobody");

            cluster.queue("after", 20);
            assertThat(LeaderCalls.pause(byStandby, "after", "not yet").getPaused()).isTrue();
            assertThat(LeaderCalls.pause(former, "after", "").getAlready()).isTrue();

            cluster.first().destroyForcibly();
            cluster.ask(standby);
            cluster.await(PauseIT::isPaused);
            assertThat(cluster.job("job").getCompletedStep()).isEqualTo(step);
            assertThat(cluster.job("job").getDetail()).contains("paused: new data");
            assertThat(cluster.job("after").getPhase()).isEqualTo(JobPhase.JOB_PHASE_PAUSED);
            assertThat(cluster.job("after").getDetail())
                    .isEqualTo("held in the queue; paused: not yet");

            ResumeResponse resumed = LeaderCalls.resume(byStandby, "job");
            assertThat(resumed.getResumed()).isTrue();
            assertThat(resumed.getStep()).isEqualTo(step);
            JobReport report = cluster.awaitReport("job");
            assertThat(report.completed()).isTrue();
            assertThat(cluster.job("job").getEpoch()).isEqualTo(epoch);
            assertThat(report.goodput().categories().get("paused")).isPositive();
            assertThat(report.goodput().categories().get("lost_progress"))
                    .isEqualTo(BigInteger.ZERO);
            assertThat(report.incidents())
                    .isNotEmpty()
                    .allSatisfy(incident -> assertThat(incident.kind()).isEqualTo("planned"));

            assertThat(cluster.job("after").getEpoch()).as("it did not start").isZero();
            assertThat(LeaderCalls.resume(byStandby, "after").getResumed()).isTrue();
            JobReport after = cluster.awaitReport("after");
            assertThat(after.completed()).isTrue();
            assertThat(after.goodput().categories().get("paused")).isZero();
            assertThat(report.finalDigest()).isEqualTo(cluster.undisturbed(STEPS));
        }
    }
}
