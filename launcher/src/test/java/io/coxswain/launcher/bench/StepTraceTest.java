package io.coxswain.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.launcher.bench.StepTrace.Death;
import io.coxswain.launcher.bench.StepTrace.Point;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class StepTraceTest {
    /** Ten steps a second with four ranks, from 4.0 to 6.0 none, then with three until 8.0. */
    private static List<Point> points() {
        var points = new ArrayList<Point>();
        for (int tenth = 1; tenth <= 120; tenth++) {
            double at = tenth / 10.0;
            if (at <= 4 || at > 6) {
                points.add(new Point(at, 1, at > 6 && at <= 8 ? 0.75 : 1));
            }
        }
        return points;
    }

    @Test
    void findsTheNextStepAndFullStrength() {
        StepTrace trace = StepTrace.of(0, 12, points(), List.of(4.05));

        assertThat(trace.deaths()).containsExactly(new Death(4.05, 6.1, 8.1));
    }

    @Test
    void aDeathThatIsNotMadeGoodHasNoFullStrength() {
        StepTrace trace = StepTrace.of(0, 12, points(), List.of(11.95));

        assertThat(trace.deaths().getFirst().full()).isInfinite();
    }

    @Test
    void theUndisturbedRateIsThatOfSecondsWithoutADeath() {
        StepTrace trace = StepTrace.of(0, 12, points(), List.of(4.05));

        assertThat(trace.undisturbed()).isCloseTo(10, within(1e-9));
    }

    @Test
    void goodputCountsWhatWasMadeByTheRanksThatMadeIt() {
        StepTrace trace = StepTrace.of(0, 12, points(), List.of(4.05));

        // 40 steps, 20 by three of four, 40 more; the first of the 20 took since 4.0.
        assertThat(trace.goodput()).isCloseTo((40 + 15 + 40) / 120.0, within(1e-9));
    }

    @Test
    void stepsThatAreToldTogetherWereMadeOneAfterAnother() {
        var coarse = List.of(new Point(5, 50, 1), new Point(10, 50, 1));

        assertThat(new StepTrace(0, 10, coarse, List.of()).undisturbed())
                .isCloseTo(10, within(1e-9));
    }
}
