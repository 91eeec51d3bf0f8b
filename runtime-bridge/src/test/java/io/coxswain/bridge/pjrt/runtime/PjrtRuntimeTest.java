package io.coxswain.bridge.pjrt.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.pjrt.bundle.TestBundle;
import io.coxswain.bridge.spi.Assignment;
import io.coxswain.bridge.spi.ExecuteOutcome;
import io.coxswain.bridge.spi.FinalReport;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.StateOrigin;
import io.coxswain.bridge.spi.TrainingJob;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The runtime on a real plugin, with a small bundle whose programs are text. */
class PjrtRuntimeTest {
    private static final StateOrigin INITIAL = new StateOrigin.Initial();
    private static final StateOrigin LIVE = new StateOrigin.Live();

    @TempDir Path folder;
    private Path data;

    @BeforeEach
    void writeData() throws IOException {
        data = TestBundle.data(folder.resolve("data.safetensors"));
    }

    private TestRank rank(Path bundle, boolean donate) throws IOException, RuntimeFault {
        return rank(bundle, 2, 1, donate);
    }

    private TestRank rank(Path bundle, int microshards, int devices, boolean donate)
            throws IOException, RuntimeFault {
        String section = PjrtTestPlugin.section(bundle, devices, donate, false);
        return new TestRank(folder, TestRank.job(data, microshards, section));
    }

    private Path pair() throws IOException {
        return TestBundle.pair(folder.resolve("pair"));
    }

    /** The digest after so many undisturbed steps. */
    private String straight(long steps) throws IOException, RuntimeFault {
        try (TestRank rank = rank(pair(), false)) {
            rank.take(0, INITIAL, false);
            rank.steps(1, steps);
            return rank.digest();
        }
    }

    @Test
    void theLayoutIsTheBundles() throws IOException, RuntimeFault {
        try (TestRank rank = rank(pair(), false)) {
            assertThat(rank.layout.parameterElements()).isEqualTo(TestBundle.ELEMENTS);
            assertThat(rank.layout.deterministic()).isTrue();
            assertThat(rank.layout.fingerprint()).matches("[0-9a-f]{64}");
            assertThat(rank.layout.shards()).hasSize(1);
            assertThat(rank.layout.shards().getFirst().pieces()).isEqualTo(5);
            rank.take(0, INITIAL, false);
            assertThat(rank.runtime.pieces())
                    .extracting(SlotTable.Box::leaf)
                    .containsExactly(
                            "parameters/['b']",
                            "parameters/['w']",
                            "optimizer/['m']['b']",
                            "optimizer/['m']['w']",
                            "optimizer/['t']");
            assertThat(rank.runtime.pieces().getLast().dtype()).isEqualTo("i64");
        }
    }

    @Test
    void theNumbersAreThoseOfTheFormulas() throws IOException, RuntimeFault {
        try (TestRank rank = rank(pair(), false)) {
            rank.take(0, INITIAL, false);
            float[] before = new float[3];
            rank.region.parameters().read(0, before, 0, 3);
            List<Float> losses = rank.execute(1);
            float[] gradient = new float[3];
            rank.region.gradient(0).read(0, gradient, 0, 3);
            for (int i = 0; i < 3; i++) {
                assertThat(gradient[i]).isEqualTo(before[i] * losses.getFirst());
            }
            rank.apply(1);
            float[] after = new float[3];
            rank.region.parameters().read(0, after, 0, 3);
            assertThat(after).doesNotContain(before);
            FinalReport.Evaluation evaluation = rank.evaluate(1);
            assertThat(evaluation.accuracy()).isEqualTo(0.75);
            assertThat(evaluation.samplesSeen()).isEqualTo(TestRank.BATCH);
        }
    }

    @Test
    void aWarmUpChangesNothingAndAbortsAtOnce() throws IOException, RuntimeFault {
        String expected = straight(2);
        try (TestRank rank = rank(pair(), false)) {
            rank.runtime.warmUp(TestRank.afterQuestions(0));
            rank.runtime.warmUp(TestRank.never());
            rank.take(0, INITIAL, false);
            rank.steps(1, 1);
            rank.runtime.warmUp(TestRank.never());
            rank.steps(2, 2);
            assertThat(rank.digest()).isEqualTo(expected);
        }
    }

    @Test
    void anAbortAtAnyMomentLeavesTheStateAsItWas() throws IOException, RuntimeFault {
        String expected = straight(3);
        try (TestRank rank = rank(pair(), 2, 2, false)) {
            rank.take(0, INITIAL, false);
            rank.steps(1, 2);
            boolean aborted = true;
            for (int questions = 0; aborted; questions++) {
                ExecuteOutcome outcome =
                        rank.runtime.execute(3, TestRank.afterQuestions(questions));
                aborted = outcome instanceof ExecuteOutcome.Aborted;
                // A new region each time: nothing may still look at the old one.
                rank.take(2, LIVE, true);
            }
            rank.steps(3, 3);
            assertThat(rank.digest()).isEqualTo(expected);
        }
    }

    @Test
    void anAbortDoesNotWaitForARunThatHasBegun() throws IOException, RuntimeFault {
        Path slow = TestBundle.slow(folder.resolve("slow"), 3_000_000);
        try (TestRank rank = rank(slow, 2, 2, false)) {
            rank.take(0, INITIAL, false);
            assertThat(rank.runtime.execute(1, TestRank.afterQuestions(3)))
                    .isInstanceOf(ExecuteOutcome.Aborted.class);
            // Waits for the runs, which still have the old region's parameters.
            rank.take(0, LIVE, true);
            var _ = rank.execute(1);
        }
    }

    @Test
    void aSnapshotIsOfTheStateThatItBeganWith() throws IOException, RuntimeFault {
        String atTwo = straight(2);
        String atFive = straight(5);
        try (TestRank rank = rank(pair(), false)) {
            rank.take(0, INITIAL, false);
            rank.steps(1, 2);
            TestRank.Snapshot snapshot = rank.capture(2, 0);
            assertThat(snapshot.capture().isComplete()).isFalse();
            rank.steps(3, 5);
            StateOrigin.Stored stored = snapshot.complete();
            assertThat(rank.digest()).isEqualTo(atFive);
            rank.take(2, stored, false);
            assertThat(rank.digest()).isEqualTo(atTwo);
            rank.steps(3, 5);
            assertThat(rank.digest()).isEqualTo(atFive);
        }
    }

    @Test
    void donationChangesNoBitAndCopiesSnapshotsAtOnce() throws IOException, RuntimeFault {
        String atTwo = straight(2);
        String atFive = straight(5);
        Path donating = TestBundle.donating(folder.resolve("donating"));
        for (boolean donate : new boolean[] {true, false}) {
            try (TestRank rank = rank(donating, donate)) {
                rank.runtime.warmUp(TestRank.never());
                rank.take(0, INITIAL, false);
                rank.steps(1, 2);
                TestRank.Snapshot snapshot = rank.capture(2, 0);
                assertThat(snapshot.capture().isComplete()).isEqualTo(donate);
                rank.steps(3, 5);
                assertThat(rank.digest()).isEqualTo(atFive);
                rank.take(2, snapshot.complete(), false);
                assertThat(rank.digest()).isEqualTo(atTwo);
                rank.take(2, LIVE, true);
                rank.steps(3, 5);
                assertThat(rank.digest()).isEqualTo(atFive);
            }
        }
    }

    @Test
    void aFusedStepIsTentativeUntilItIsApplied() throws IOException, RuntimeFault {
        Path fused = TestBundle.fused(folder.resolve("fused"));
        String expected;
        try (TestRank rank = rank(fused, 1, 1, false)) {
            assertThat(rank.layout.parameterElements()).isZero();
            rank.take(0, INITIAL, false);
            rank.steps(1, 4);
            expected = rank.digest();
        }
        try (TestRank rank = rank(fused, 1, 1, true)) {
            rank.runtime.warmUp(TestRank.never());
            rank.take(0, INITIAL, false);
            rank.steps(1, 2);
            StateOrigin.Stored stored = rank.capture(2, 1).complete();
            String before = rank.digest();
            var _ = rank.execute(3);
            assertThat(rank.digest()).isEqualTo(before);
            rank.take(2, LIVE, false);
            assertThatThrownBy(() -> rank.runtime.apply(3)).hasMessageContaining("not executed");
            rank.take(2, stored, false);
            rank.steps(3, 4);
            assertThat(rank.digest()).isEqualTo(expected);
            assertThat(rank.evaluate(4).accuracy()).isEqualTo(0.75);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSnapshotOfAnotherProgramIsRefused(boolean other) throws IOException, RuntimeFault {
        try (TestRank rank = rank(pair(), false)) {
            rank.take(0, INITIAL, false);
            StateOrigin.Stored stored = rank.capture(0, 0).complete();
            List<SlotTable.Box> boxes =
                    stored.meta().pieces().stream().map(SlotTable.Piece::box).toList();
            List<SlotTable.Box> wrong =
                    other
                            ? boxes.subList(0, 4)
                            : boxes.stream().map(PjrtRuntimeTest::asIntegers).toList();
            SlotTable.Meta meta = SlotTable.Meta.layOut("job-1", 1, 0, 0, wrong);
            assertThatThrownBy(
                            () -> rank.take(0, new StateOrigin.Stored(meta, stored.data()), false))
                    .isInstanceOfSatisfying(
                            RuntimeFault.class,
                            fault ->
                                    assertThat(fault.code()).isEqualTo(RuntimeFault.Code.BAD_STATE))
                    .hasMessageContaining(other ? "['t']" : "i32")
                    .hasMessageContaining("another program");
            rank.take(0, stored, false);
            rank.steps(1, 1);
        }
    }

    private static SlotTable.Box asIntegers(SlotTable.Box box) {
        return box.dtype().equals("f32")
                ? new SlotTable.Box(
                        box.leaf(),
                        "i32",
                        box.globalShape(),
                        box.offset(),
                        box.extent(),
                        false,
                        box.bytes())
                : box;
    }

    @Test
    void initialStatesOfLaterStepsAndMissingLiveStatesAreRefused()
            throws IOException, RuntimeFault {
        try (TestRank rank = rank(pair(), false)) {
            assertThatThrownBy(() -> rank.take(3, INITIAL, false)).hasMessageContaining("step 3");
            assertThatThrownBy(() -> rank.take(0, LIVE, false)).hasMessageContaining("no live");
        }
    }

    @Test
    void valuesThatAreNotFiniteAreLeftAsTheyAre() throws IOException, RuntimeFault {
        String[] digests = new String[2];
        for (int run = 0; run < 2; run++) {
            try (TestRank rank = rank(pair(), false)) {
                rank.take(0, INITIAL, false);
                rank.region.parameters().write(0, new float[] {Float.NaN}, 0, 1);
                StateOrigin.Stored stored = rank.capture(0, 0).complete();
                // A NaN with a payload in the state, as another processor may make it.
                stored.data().word(0, 0xFFC0_1234L + run);
                rank.take(0, stored, false);
                var _ = rank.execute(1);
                float[] gradient = new float[1];
                rank.region.gradient(0).read(0, gradient, 0, 1);
                assertThat(gradient[0]).isNaN();
                rank.apply(1);
                digests[run] = rank.digest();
            }
        }
        assertThat(digests[0]).isEqualTo(digests[1]);
    }

    @Test
    void aRuntimeThatIsClosedTwiceOrUnloadedIsFine() throws IOException, RuntimeFault {
        new PjrtRuntime().close();
        try (TestRank rank = rank(pair(), false)) {
            rank.take(0, INITIAL, false);
            var _ = rank.runtime.execute(1, TestRank.never());
            rank.runtime.close();
        }
    }

    @Test
    void theFingerprintTellsSeedsAndBatchesApart() throws IOException, RuntimeFault {
        Path bundle = pair();
        String section = PjrtTestPlugin.section(bundle, 1, false, false);
        TrainingJob job = TestRank.job(data, 2, section);
        TrainingJob other = new TrainingJob("job-1", 1, 1, 100, 8, data.toString(), 8, 2, section);
        try (TestRank a = new TestRank(folder, job);
                TestRank b = new TestRank(folder, job);
                TestRank c = new TestRank(folder, other)) {
            assertThat(a.layout.fingerprint()).isEqualTo(b.layout.fingerprint());
            assertThat(a.layout.fingerprint()).isNotEqualTo(c.layout.fingerprint());
        }
    }

    @Test
    void aRankComputesItsOwnMicroshardsOnly() throws IOException, RuntimeFault {
        try (TestRank rank = rank(pair(), false)) {
            rank.runtime.take(new Assignment(1, 0, 0, 0, 1, 2, rank.region), INITIAL);
            assertThat(rank.execute(1)).hasSize(1);
        }
    }
}
