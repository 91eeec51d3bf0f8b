package io.coxswain.bridge.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.proto.control.v1.JobSpec;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** The kit can fail: each bug is found by the check that is there for it. */
@Execution(ExecutionMode.CONCURRENT)
class FaultyWorkerIT {
    /** For workers that do as they should: a loaded machine stretches everything. */
    private static final Limits PATIENT = Limits.DEFAULT.times(10);

    /** Where the bug is that something never happens. */
    private static final Duration NEVER = Duration.ofSeconds(2);

    @Test
    void theSameWorkerWithoutABugPassesAllChecks() throws IOException, InterruptedException {
        Report report = kit("NONE").limits(PATIENT).rounds(4).run(Listener.NONE);

        assertThat(report.failureText()).isEmpty();
        assertThat(report.results())
                .hasSameSizeAs(Conformance.checks())
                .allMatch(result -> result.outcome() instanceof Outcome.Passed);
    }

    @ParameterizedTest
    @EnumSource
    void eachBugIsFoundByItsCheck(Bug bug) throws IOException, InterruptedException {
        Outcome outcome = kit(bug.name()).limits(limits(bug)).rounds(4).runAlone(bug.check(), true);

        assertThat(outcome).isInstanceOf(Outcome.Failed.class);
        Outcome.Failed failed = (Outcome.Failed) outcome;
        assertThat(failed.expected()).isNotBlank();
        assertThat(failed.found()).isNotBlank();
    }

    private static Limits limits(Bug bug) {
        return switch (bug) {
            case NEVER_SAYS_HELLO ->
                    new Limits(
                            NEVER,
                            PATIENT.load(),
                            PATIENT.answer(),
                            PATIENT.pong(),
                            PATIENT.abort(),
                            PATIENT.end());
            case SERVES_ANY_VERSION,
                    STAYS_WHEN_REFUSED,
                    SURVIVES_GARBAGE,
                    WAITS_FOR_OVERSIZE_FRAMES,
                    SURVIVES_HALF_A_FRAME,
                    STAYS_WITHOUT_ITS_AGENT,
                    FINISHES_ITS_STEP_FIRST,
                    HANGS_IN_SIGTERM ->
                    new Limits(
                            PATIENT.hello(),
                            PATIENT.load(),
                            PATIENT.answer(),
                            PATIENT.pong(),
                            PATIENT.abort(),
                            NEVER);
            case DOES_NOT_LOOK_FOR_ABORTS, SIDE_CHANNEL_WAITS_FOR_STEPS ->
                    new Limits(
                            PATIENT.hello(),
                            PATIENT.load(),
                            PATIENT.answer(),
                            NEVER,
                            NEVER,
                            PATIENT.end());
            default -> PATIENT;
        };
    }

    @Test
    void checksThatBuildUponAFailedOneAreSkipped() throws IOException, InterruptedException {
        Report report = kit(Bug.SENDS_ANOTHER_TOKEN.name()).limits(PATIENT).run(Listener.NONE);

        assertThat(report.passed()).isFalse();
        assertThat(report.failures()).hasSize(1);
        assertThat(report.failureText())
                .contains("hello (docs/bridge.md#hello)", "COXSWAIN_BRIDGE_TOKEN", "another token");
        assertThat(report.results())
                .hasSameSizeAs(Conformance.checks())
                .filteredOn(result -> !result.failed())
                .allMatch(result -> result.outcome() instanceof Outcome.Skipped);
    }

    @Test
    void onlyWhatWasAskedForAndWhatItNeedsIsRun() throws IOException, InterruptedException {
        Report report = kit("NONE").limits(PATIENT).only(Set.of("load-again")).run(Listener.NONE);

        assertThat(report.results())
                .extracting(result -> result.check().name())
                .containsExactly("hello", "load", "load-again");
        assertThatThrownBy(() -> kit("NONE").only(Set.of("lode")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no check 'lode'");
    }

    @Test
    void withoutASlowJobTheChecksThatInterruptAStepAreSkipped()
            throws IOException, InterruptedException {
        Outcome outcome = kit("NONE").slowJob(null).runAlone("abort-blocked", true);

        assertThat(outcome).isInstanceOf(Outcome.Skipped.class);
    }

    @Test
    void lastWordsAreKept() throws IOException, InterruptedException {
        Outcome outcome =
                kit(Bug.DIES_OF_UNKNOWN_REQUESTS.name())
                        .limits(PATIENT)
                        .runAlone("unknown-request", true);

        assertThat(((Outcome.Failed) outcome).lastWords()).contains("an unknown request");
        assertThat(((Outcome.Failed) outcome).found()).contains("exited with status 9");
    }

    private static Conformance kit(String bug) {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        JobSpec job =
                JobSpec.newBuilder()
                        .setJobId("toy")
                        .setSteps(100)
                        .setSeed(3)
                        .setBatch(10)
                        .setMicroshards(4)
                        .setRuntimeKind("toy")
                        .setRuntimeJson("{}")
                        .build();
        return Conformance.of(
                        List.of(
                                java.toString(),
                                "-XX:+UseSerialGC",
                                "-XX:TieredStopAtLevel=1",
                                "-Xshare:auto",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                FaultyWorker.class.getName(),
                                bug))
                .job(job)
                .slowJob(job.toBuilder().setRuntimeJson(FaultyWorker.SLOW).build());
    }
}
