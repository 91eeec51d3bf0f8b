package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

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

    /** The other meshes are those of the tests below, in which somebody dies as well. */
    @ParameterizedTest
    @CsvSource({"3,2"})
    void anyMesh(int replicas, int shards) throws Exception {
        assertSame(Training.digits(STEPS).mesh(replicas, shards));
    }

    static List<List<String>> phases() {
        return List.of(
                List.of("execute", "reduce", "apply"), List.of("snapshot", "copy", "gather"));
    }

    /** Three deaths a run: a start costs more than a recovery. */
    @ParameterizedTest
    @MethodSource("phases")
    void hostDiesInEachPhaseOfAStep(List<String> phases) throws Exception {
        Training.Outcome outcome = hostsDie(2, 2, phases);
        assertThat(outcome.incidents())
                .allSatisfy(incident -> assertThat(incident.path("stepsLost").asLong()).isZero());
    }

    @ParameterizedTest
    @MethodSource("phases")
    void hostDiesInEachPhaseWhenCopiesAreTheOnlySource(List<String> phases) throws Exception {
        Training.Outcome outcome = hostsDie(1, 4, phases);
        // The copies may be behind by what is in flight, never by more than the distance to the
        // floor.
        assertThat(outcome.incidents())
                .allSatisfy(incident ->
                        assertThat(incident.path("stepsLost").asLong()).isBetween(0L, 3L));
    }

    private static Training.Outcome hostsDie(int replicas, int shards, List<String> phases)
            throws Exception {
        Training training = Training.digits(STEPS).mesh(replicas, shards).spares(phases.size());
        for (int i = 0; i < phases.size(); i++) {
            training.kill("%d@step:%d:%s".formatted(i + 1, 20 * (i + 1), phases.get(i)));
        }
        Training.Outcome outcome = assertSame(training);
        assertThat(outcome.incidents()).hasSameSizeAs(phases);
        for (int i = 0; i < phases.size(); i++) {
            assertRecovered(outcome.incidents().get(i), "agent-" + (i + 1));
        }
        return outcome;
    }

    /** A worker alone, a spare, two hosts at once: one after the other. */
    @ParameterizedTest
    @CsvSource({"2,2", "1,4"})
    void aWorkerASpareAndTwoHostsAtOnce(int replicas, int shards) throws Exception {
        Training.Outcome outcome =
                assertSame(
                        Training.digits(STEPS)
                                .mesh(replicas, shards)
                                .set("protect.copies", 2)
                                .spares(3)
                                .killWorker("1@step:15")
                                .kill("4@step:35", "1@step:55", "2@step:55"));

        // Of the worker nothing crosses the network.
        JsonNode worker = outcome.incidents().getFirst();
        assertRecovered(worker, "agent-1");
        assertThat(worker.path("stepsLost").asLong()).isBetween(0L, replicas > 1 ? 0L : 3L);
        assertThat(sources(worker)).isSubsetOf("live", "local");
        // For the spare nobody goes back.
        assertThat(outcome.incidents())
                .filteredOn(incident -> agents(incident).equals(List.of("agent-4")))
                .allSatisfy(incident -> assertThat(incident.path("stepsLost").asLong()).isZero());
        assertThat(outcome.incidents())
                .filteredOn(incident ->
                        agents(incident).contains("agent-2")
                                || agents(incident).contains("agent-1"))
                .hasSizeGreaterThanOrEqualTo(2)
                .allSatisfy(incident ->
                        assertThat(incident.path("resumedAtStep").asLong()).isPositive());
    }

    /** Each of two scenarios on one mesh; with {@code -Dcoxswain.meshes=all} on both. */
    private static List<Arguments> meshes(int replicas, int shards) {
        return System.getProperty("coxswain.meshes", "").equals("all")
                ? List.of(Arguments.of(2, 2), Arguments.of(1, 4), Arguments.of(2, 1))
                : List.of(Arguments.of(replicas, shards));
    }

    /** Agents with a rank come first. */
    private static int spare(int replicas, int shards, int number) {
        return replicas * shards + number;
    }

    static List<Arguments> whereCopiesCount() {
        return meshes(1, 4);
    }

    static List<Arguments> whereReplicasCount() {
        return meshes(2, 1);
    }

    @ParameterizedTest
    @MethodSource("whereCopiesCount")
    void hostDiesDuringARecovery(int replicas, int shards) throws Exception {
        assertSame(
                Training.digits(STEPS)
                        .mesh(replicas, shards)
                        .set("protect.copies", 2)
                        .spares(2)
                        .kill("1@step:30", "2@recovery:1"));
    }

    @ParameterizedTest
    @MethodSource("whereReplicasCount")
    void whoTookOverDiesToo(int replicas, int shards) throws Exception {
        Training.Outcome outcome =
                assertSame(
                        Training.digits(STEPS)
                                .mesh(replicas, shards)
                                .spares(3)
                                .kill(
                                        "1@step:25",
                                        spare(replicas, shards, 0) + "@step:50",
                                        spare(replicas, shards, 1) + "@step:50"));
        assertThat(outcome.incidents()).hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void rareSnapshotsGoBackToTheFloorAtMost() throws Exception {
        Training.Outcome outcome =
                assertSame(
                        Training.digits(STEPS)
                                .mesh(1, 3)
                                .set("protect.every", 10)
                                .kill("2@step:37"));
        assertThat(outcome.incident().path("stepsLost").asLong()).isBetween(1L, 20L);
    }

    private static Training.Outcome assertSame(Training training)
            throws IOException, InterruptedException {
        Training.Outcome outcome = training.run().completed();
        assertThat(outcome.digest()).as(training.toString()).isEqualTo(faultFree);
        return outcome;
    }

    private static void assertRecovered(JsonNode incident, String agent) {
        assertThat(agents(incident)).contains(agent);
        assertThat(incident.path("sources").valueStream().toList()).isNotEmpty();
        JsonNode phases = incident.path("phasesNanos");
        long sum =
                List.of("detect", "fence", "decide", "restore", "resume").stream()
                        .mapToLong(phase -> phases.path(phase).asLong())
                        .sum();
        assertThat(incident.path("totalNanos").asLong()).isEqualTo(sum).isPositive();
    }

    private static List<String> agents(JsonNode incident) {
        return incident.path("agents").valueStream().map(JsonNode::asString).toList();
    }

    private static List<String> sources(JsonNode incident) {
        return incident.path("sources")
                .valueStream()
                .map(source -> source.path("source").asString())
                .distinct()
                .toList();
    }
}
