package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.databind.JsonNode;

import java.io.IOException;
import java.util.List;

/** Whatever dies, the final weights are those of the run in which nothing died, bit for bit. */
class SameDigestIT {
    private static final int STEPS = 80;
    private static String faultFree = "";

    @BeforeAll
    static void faultFreeRun() throws Exception {
        faultFree =
                Training.digits(STEPS)
                        .mesh(1, 1)
                        .spares(0)
                        .set("protect.copies", 0)
                        .run()
                        .completed()
                        .digest();
        assertThat(faultFree).matches("[0-9a-f]{64}");
    }

    @ParameterizedTest
    @CsvSource({"2,1", "1,3", "1,4", "2,2", "3,2"})
    void anyMesh(int replicas, int shards) throws Exception {
        assertSame(Training.digits(STEPS).mesh(replicas, shards));
    }

    @ParameterizedTest
    @ValueSource(strings = {"execute", "reduce", "apply", "snapshot", "copy", "gather"})
    void hostDiesInEachPhaseOfAStep(String phase) throws Exception {
        Training.Outcome outcome =
                assertSame(Training.digits(STEPS).mesh(2, 2).kill("1@step:30:" + phase));
        assertRecovered(outcome.incident(), "agent-1");
        assertThat(outcome.incident().path("stepsLost").asLong()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"execute", "reduce", "apply", "snapshot", "copy", "gather"})
    void hostDiesInEachPhaseWhenCopiesAreTheOnlySource(String phase) throws Exception {
        Training.Outcome outcome =
                assertSame(Training.digits(STEPS).mesh(1, 4).kill("2@step:30:" + phase));
        assertRecovered(outcome.incident(), "agent-2");
        // The copies may be behind by what is in flight, never by more than the distance to the
        // floor.
        assertThat(outcome.incident().path("stepsLost").asLong()).isBetween(0L, 3L);
    }

    @ParameterizedTest
    @CsvSource({"2,2", "1,4"})
    void workerDiesAloneAndNothingCrossesTheNetwork(int replicas, int shards) throws Exception {
        Training.Outcome outcome =
                assertSame(Training.digits(STEPS).mesh(replicas, shards).killWorker("1@step:30"));
        JsonNode incident = outcome.incident();
        assertRecovered(incident, "agent-1");
        assertThat(incident.path("stepsLost").asLong()).isZero();
        assertThat(sources(incident)).isSubsetOf("live", "local");
    }

    @ParameterizedTest
    @CsvSource({"2,2", "1,4"})
    void twoHostsDieAtOnce(int replicas, int shards) throws Exception {
        Training.Outcome outcome =
                assertSame(
                        Training.digits(STEPS)
                                .mesh(replicas, shards)
                                .set("protect.copies", 2)
                                .spares(2)
                                .kill("1@step:30", "2@step:30"));
        assertThat(outcome.incidents())
                .isNotEmpty()
                .allSatisfy(incident ->
                        assertThat(incident.path("resumedAtStep").asLong()).isPositive());
    }

    @ParameterizedTest
    @CsvSource({"2,2", "1,4"})
    void spareDiesAndNobodyStops(int replicas, int shards) throws Exception {
        Training.Outcome outcome =
                assertSame(
                        Training.digits(STEPS).mesh(replicas, shards).spares(2).kill("4@step:30"));
        assertThat(outcome.incidents())
                .allSatisfy(incident -> assertThat(incident.path("stepsLost").asLong()).isZero());
    }

    @ParameterizedTest
    @CsvSource({"2,2", "1,4"})
    void hostDiesDuringARecovery(int replicas, int shards) throws Exception {
        assertSame(
                Training.digits(STEPS)
                        .mesh(replicas, shards)
                        .set("protect.copies", 2)
                        .spares(2)
                        .kill("1@step:30", "2@recovery:1"));
    }

    @ParameterizedTest
    @CsvSource({"2,2", "1,4"})
    void whoTookOverDiesToo(int replicas, int shards) throws Exception {
        Training.Outcome outcome =
                assertSame(
                        Training.digits(STEPS)
                                .mesh(replicas, shards)
                                .spares(2)
                                .kill("1@step:25", "4@step:50", "5@step:50"));
        assertThat(outcome.incidents()).hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void rareSnapshotsGoBackToTheFloorAtMost() throws Exception {
        Training.Outcome outcome =
                assertSame(
                        Training.digits(STEPS)
                                .mesh(1, 4)
                                .set("protect.every", 10)
                                .kill("3@step:37"));
        assertThat(outcome.incident().path("stepsLost").asLong()).isBetween(1L, 20L);
    }

    private static Training.Outcome assertSame(Training training)
            throws IOException, InterruptedException {
        Training.Outcome outcome = training.run().completed();
        assertThat(outcome.digest()).as(training.toString()).isEqualTo(faultFree);
        return outcome;
    }

    private static void assertRecovered(JsonNode incident, String agent) {
        assertThat(incident.path("agents").valueStream().map(JsonNode::asString).toList())
                .contains(agent);
        assertThat(incident.path("sources").valueStream().toList()).isNotEmpty();
        JsonNode phases = incident.path("phasesNanos");
        long sum =
                List.of("detect", "fence", "decide", "restore", "resume").stream()
                        .mapToLong(phase -> phases.path(phase).asLong())
                        .sum();
        assertThat(incident.path("totalNanos").asLong()).isEqualTo(sum).isPositive();
    }

    private static List<String> sources(JsonNode incident) {
        return incident.path("sources")
                .valueStream()
                .map(source -> source.path("source").asString())
                .distinct()
                .toList();
    }
}
