package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.view.SampleCountRule;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.util.List;

/** What is booked when words of steps come late: because the leader was away, or the words were. */
final class LateWordsTest {
    private static final long MILLI = JobStory.MILLI;
    private static final long EVENT = MILLI / 10;

    private final JobStory story = started();
    private final long began = story.now;

    private static JobStory started() {
        var story = new JobStory(1, 2, 1, 300);
        story.attach("a0", "a1", "a2").isIn(JobPhase.ACTIVE);
        story.hold = effect -> !(effect instanceof JobEffect.Publish);
        return story;
    }

    private void both(long first, long last, long elapsedNanos, long creditWaitNanos) {
        for (int rank = 0; rank < 2; rank++) {
            StepRun run =
                    new StepRun(
                            first,
                            last,
                            elapsedNanos,
                            0,
                            0,
                            0,
                            0,
                            creditWaitNanos,
                            SampleCountRule.samples(story.spec, rank, first, last),
                            0,
                            1,
                            Digest.NONE,
                            0,
                            0);
            story.now -= EVENT;
            story.tell(
                    new JobEvent.ProgressReported(
                            story.atRank(rank).key,
                            new Progress(
                                    JobTransitionsTest.epochOf(story), rank, List.of(run), 0)));
        }
    }

    private long booked(Category category) {
        return story.ledger.totals().getOrDefault(category, BigInteger.ZERO).longValueExact();
    }

    @Test
    void aPauseOfTheLeaderIsNoWork() {
        long before = booked(Category.PRODUCTIVE);
        // The steps took a second; then there were no credits, for the leader slept.
        story.now = began + 12_000 * MILLI;
        both(1, 10, 1_000 * MILLI, 0);
        assertThat(booked(Category.PRODUCTIVE) - before).isEqualTo(2 * 1_000 * MILLI);
        story.now = began + 12_300 * MILLI;
        both(11, 12, 11_300 * MILLI, 11_100 * MILLI);
        assertThat(booked(Category.CONTROLLER_WAIT)).isEqualTo(2 * 11_100 * MILLI);
        assertThat(booked(Category.PRODUCTIVE) - before).isEqualTo(2 * 1_200 * MILLI);
    }

    @Test
    void wordsThatQueuedTellEachItsOwnTime() {
        long before = booked(Category.PRODUCTIVE);
        story.now = began + 10_000 * MILLI;
        for (int run = 0; run < 6; run++) {
            both(10L * run + 1, 10L * run + 10, 1_000 * MILLI, 0);
        }
        assertThat(booked(Category.PRODUCTIVE) - before).isEqualTo(2 * 6_000 * MILLI);
        story.now = began + 10_500 * MILLI;
        both(61, 65, 4_500 * MILLI, 4_000 * MILLI);
        assertThat(booked(Category.PRODUCTIVE) - before).isEqualTo(2 * 6_500 * MILLI);
        assertThat(booked(Category.CONTROLLER_WAIT)).isEqualTo(2 * 4_000 * MILLI);
    }

    @Test
    void soDoesAShortOneThatComesAMomentAfterThem() {
        long before = booked(Category.PRODUCTIVE);
        story.now = began + 10_000 * MILLI;
        both(1, 4, 40 * MILLI, 0);
        story.now += 8 * MILLI;
        both(5, 5, 10 * MILLI, 0);
        assertThat(booked(Category.PRODUCTIVE) - before).isEqualTo(2 * 50 * MILLI);
        story.now = began + 10_100 * MILLI;
        both(6, 9, 10_050 * MILLI, 9_990 * MILLI);
        assertThat(booked(Category.PRODUCTIVE) - before).isEqualTo(2 * 110 * MILLI);
        assertThat(booked(Category.CONTROLLER_WAIT)).isEqualTo(2 * 9_990 * MILLI);
    }

    @Test
    void whatACancelledJobHadBegunIsLostAndNoMore() {
        story.now = began + 1_000 * MILLI;
        both(1, 10, 1_000 * MILLI, 0);
        story.now = began + 2_000 * MILLI;
        both(11, 20, 1_000 * MILLI, 0);
        // For ten seconds nobody makes a step, and nobody finds out why.
        story.now = began + 12_000 * MILLI;
        story.now -= EVENT;
        story.tell(new JobEvent.CancelRequested("enough"));
        long step = 100 * MILLI;
        assertThat(booked(Category.LOST_PROGRESS)).isBetween(2 * step, 2 * 2 * step);
        assertThat(booked(Category.LOST_PROGRESS) + booked(Category.DETECTION))
                .isEqualTo(2 * 10_000 * MILLI);
    }

    @Test
    void whoStaysBehindCatchesUp() {
        // Before its first step a second passed that no run tells of.
        for (int run = 0; run < 5; run++) {
            story.now = began + (run + 2) * 1_000L * MILLI;
            both(10L * run + 1, 10L * run + 10, 1_000 * MILLI, 0);
        }
        assertThat(story.ledger.cursorNanos(0)).isEqualTo(story.now);
        assertThat(booked(Category.CONTROLLER_WAIT)).isZero();
    }
}
