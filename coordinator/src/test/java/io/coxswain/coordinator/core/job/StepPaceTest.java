package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a step takes, by when steps are completed. */
class StepPaceTest {
    private static final long MILLI = 1_000_000L;

    private final StepPace pace = new StepPace();

    @Test
    void stepsTakeTheTimeBetweenTheirCompletions() {
        pace.stood(0);
        pace.completed(1, 1_000 * MILLI, 20 * MILLI);
        pace.completed(4, 1_100 * MILLI, 20 * MILLI);
        assertThat(pace.times().meanNanos()).isEqualTo(25 * MILLI);
        assertThat(pace.times().longestNanos()).isEqualTo(25 * MILLI);
    }

    /** A leader that slept for 20 s makes no step of 5 s of it. */
    @Test
    void whatIsHeardLateTookWhatIsTold() {
        pace.stood(0);
        pace.completed(1, 100 * MILLI, 20 * MILLI);
        pace.completed(4, 200 * MILLI, 25 * MILLI);
        pace.completed(4, 20_200 * MILLI, 24 * MILLI);
        pace.completed(4, 20_200 * MILLI, 24 * MILLI);
        assertThat(pace.times().longestNanos()).isBetween(24 * MILLI, 25 * MILLI);
        assertThat(pace.times().meanNanos()).isBetween(24 * MILLI, 25 * MILLI);
    }

    /** Who says nothing of the time is believed to have needed it. */
    @Test
    void withoutAWordTheTimePassedCounts() {
        pace.stood(0);
        pace.completed(1, 100 * MILLI, 0);
        pace.completed(4, 20_100 * MILLI, 0);
        assertThat(pace.times().longestNanos()).isEqualTo(5_000 * MILLI);
    }
}
