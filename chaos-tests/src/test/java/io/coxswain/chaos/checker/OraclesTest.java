package io.coxswain.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.job.JobFile;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Each oracle is content with an orderly run, and not with one that is wrong in its own way. */
class OraclesTest {
    private static final String DIGEST = "aa".repeat(32);
    private static final long ELAPSED = 1_000;

    private final List<Happening.Told> journal = new ArrayList<>();
    private final Map<StateKey, Set<String>> digests = new TreeMap<>();
    private final List<String> leftovers = new ArrayList<>();
    private String digest = DIGEST;
    private long samples;
    private long other;

    @BeforeEach
    void orderly() throws Exception {
        samples = job().steps() * job().batch();
        complete(1, 0);
        complete(5, 4);
        digests.put(new StateKey(0, 5), Set.of("d5"));
    }

    private static JobFile job() throws Exception {
        return JobFile.read(Path.of("jobs/small.yaml"), Map.of());
    }

    private void tell(CoordinatorEvent event) {
        journal.add(new Happening.Told(journal.size(), journal.size(), "job", 0, event));
    }

    private void complete(long step, long protectedStep) {
        tell(new CoordinatorEvent.StepsCompleted("job", 1, step, protectedStep, 0, 1, 1));
    }

    private Verdict ask(String oracle) throws Exception {
        var report =
                new JobReport(
                        "job",
                        true,
                        job().steps(),
                        digest,
                        0.5,
                        0.9,
                        samples,
                        List.of(samples),
                        new JobReport.Goodput(
                                2,
                                ELAPSED,
                                BigInteger.valueOf(2 * ELAPSED),
                                Map.of(
                                        "productive",
                                        BigInteger.valueOf(2 * ELAPSED - 1),
                                        "other",
                                        BigInteger.valueOf(other + 1)),
                                1),
                        List.of(),
                        Map.of());
        var evidence =
                new Evidence(
                        new JobFacts(job().steps(), job().batch()),
                        true,
                        true,
                        "",
                        report,
                        journal,
                        List.of(),
                        List.<Firing>of(),
                        digests,
                        leftovers,
                        () -> new Reference(DIGEST, 0.5));
        return Oracles.named(oracle).judge(evidence);
    }

    @Test
    void allAreContentWithAnOrderlyRun() throws Exception {
        for (String oracle : Oracles.names()) {
            assertThat(ask(oracle))
                    .satisfies(
                            verdict -> assertThat(verdict.holds()).as(verdict.toString()).isTrue());
        }
    }

    @Test
    void anotherDigest() throws Exception {
        digest = "bb".repeat(32);
        assertThat(ask(Oracles.DIGEST).holds()).isFalse();
    }

    @Test
    void aStateWithTwoDigests() throws Exception {
        digests.put(new StateKey(1, 4), Set.of("d4", "e4"));
        assertThat(ask(Oracles.RESTORED).says()).contains("shard 1 after step 4");
        assertThat(ask(Oracles.RESTORED).holds()).isFalse();
    }

    @Test
    void aStepThatGoesBackUnsaid() throws Exception {
        complete(3, 2);
        assertThat(ask(Oracles.STEPS).says()).isEqualTo("step 3 completed after step 5");
    }

    @Test
    void aStepThatGoesBackAsRecorded() throws Exception {
        tell(new CoordinatorEvent.RolledBack("job", 5, 2, "a test"));
        complete(3, 2);
        assertThat(ask(Oracles.STEPS).holds()).isTrue();
    }

    @Test
    void anEpochThatComesTwice() throws Exception {
        tell(new CoordinatorEvent.ViewActivated("job", 2, 0, List.of(), List.of()));
        tell(new CoordinatorEvent.ViewActivated("job", 2, 0, List.of(), List.of()));
        assertThat(ask(Oracles.STEPS).holds()).isFalse();
    }

    @Test
    void aSampleTooMany() throws Exception {
        samples++;
        assertThat(ask(Oracles.SAMPLES).holds()).isFalse();
    }

    @Test
    void aLedgerThatDoesNotTile() throws Exception {
        other = 1;
        assertThat(ask(Oracles.LEDGER).says()).startsWith("categories sum to 2001 ns");
    }

    @Test
    void somethingLeft() throws Exception {
        leftovers.add("process 4711 runs");
        assertThat(ask(Oracles.NOTHING_LEFT).holds()).isFalse();
    }
}
