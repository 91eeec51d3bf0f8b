package io.coxswain.launcher.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.proto.admin.v1.AgentStatus;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.util.Map;

class AdminTextsTest {
    private static final StatusResponse STATUS =
            StatusResponse.newBuilder()
                    .setTerm(3)
                    .setCoordinatorId("c1")
                    .setNextSequence(9)
                    .addJobs(
                            JobStatus.newBuilder()
                                    .setJobId("digits-3-1")
                                    .setPhase(JobPhase.JOB_PHASE_ACTIVE)
                                    .setCompletedStep(7)
                                    .setSteps(10)
                                    .setLoss(0.5f)
                                    .putLabels("team", "vision")
                                    .putLabels("chaos", "allowed"))
                    .addJobs(
                            JobStatus.newBuilder()
                                    .setJobId("old")
                                    .setPhase(JobPhase.JOB_PHASE_COMPLETED)
                                    .setReportJson("{\"steps\": 4}"))
                    .addAgents(
                            AgentStatus.newBuilder()
                                    .setAgentId("a0")
                                    .setRank(-1)
                                    .setHost("trainer-3")
                                    .setPid(4711))
                    .build();

    @Test
    void labelsAndProcessesStandInTheTables() {
        assertThat(AdminTexts.status(STATUS))
                .anySatisfy(line -> assertThat(line).contains("INCIDENTS  LABELS"))
                .anySatisfy(line ->
                        assertThat(line)
                                .startsWith("digits-3-1")
                                .contains("chaos=allowed,team=vision"))
                .anySatisfy(line -> assertThat(line).startsWith("old").contains(" - "))
                .anySatisfy(line -> assertThat(line).startsWith("a0").contains("trainer-3  4711"));
    }

    @Test
    void asJson() {
        JsonNode status = JsonMapper.shared().readTree(AdminTexts.json(STATUS));

        assertThat(status.get("coordinator").asString()).isEqualTo("c1");
        assertThat(status.get("nextSequence").asLong()).isEqualTo(9);
        JsonNode job = status.get("jobs").get(0);
        assertThat(job.get("phase").asString()).isEqualTo("active");
        assertThat(job.get("labels").get("chaos").asString()).isEqualTo("allowed");
        assertThat(job.get("report").isNull()).isTrue();
        assertThat(status.get("jobs").get(1).get("report").get("steps").asInt()).isEqualTo(4);
        assertThat(status.get("agents").get(0).get("rank").isNull()).isTrue();
        assertThat(status.get("agents").get(0).get("pid").asLong()).isEqualTo(4711);
        assertThat(JsonMapper.shared().readTree(AdminTexts.jobsJson(STATUS)).get(1).get("job"))
                .hasToString("\"old\"");
    }

    @Test
    void aJobKeepsItsLabelsOnTheWire() {
        var job =
                new JobSpec(
                        "j",
                        "n",
                        new Mesh(1, 1),
                        1,
                        0,
                        "d",
                        1,
                        1,
                        0,
                        1,
                        0,
                        0,
                        "runtime",
                        "agent",
                        "reference",
                        "{}",
                        Map.of("chaos", "allowed"));

        assertThat(AdminClient.encode(job).getLabelsMap()).isEqualTo(Map.of("chaos", "allowed"));
    }
}
