package io.coxswain.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.reference.Stall;
import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class AttributionTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Attribution STRICT = new Attribution(0.05, 0);

    private final List<Happening.Told> journal = new ArrayList<>();
    private final List<Firing> firings = new ArrayList<>();

    private void tell(long atNanos, CoordinatorEvent event) {
        journal.add(new Happening.Told(atNanos, journal.size(), "j", 0, event));
    }

    private void step(long atNanos, long step) {
        tell(atNanos, new CoordinatorEvent.StepsCompleted("j", 1, step, 0, 0, 1, 1));
    }

    /** Four ranks, a step each second, a death that costs 7 s less the next step's second. */
    private Verdict judge(long dataWait, long straggler, long detection, long recovery) {
        for (int step = 1; step <= 20; step++) {
            step(step * SECOND, step);
        }
        firings.add(new Firing(0, "", "", "", true, List.of("agent-1"), 20 * SECOND, 20, ""));
        tell(26 * SECOND, new CoordinatorEvent.ViewActivated("j", 2, 20, List.of(), List.of()));
        step(27 * SECOND, 21);
        step(28 * SECOND, 22);
        var report =
                new JobReport(
                        "j",
                        true,
                        22,
                        "",
                        null,
                        null,
                        0,
                        List.of(),
                        new JobReport.Goodput(
                                4,
                                28 * SECOND,
                                BigInteger.valueOf(4 * 28 * SECOND),
                                Map.of(
                                        "data_wait", BigInteger.valueOf(dataWait),
                                        "straggler_wait", BigInteger.valueOf(straggler),
                                        "detection", BigInteger.valueOf(detection),
                                        "recovery_restore", BigInteger.valueOf(recovery)),
                                0.5),
                        List.of(),
                        Map.of());
        var job =
                new JobFacts(
                        22,
                        1,
                        4,
                        List.of(new Stall(true, -1, 3, 4, 500), new Stall(false, 2, 6, 9, 250)));
        return STRICT.judge(
                new Evidence(
                        job,
                        true,
                        true,
                        "",
                        report,
                        journal,
                        List.of(),
                        firings,
                        Map.of(),
                        List.of(),
                        () -> new Reference("", 0.5)));
    }

    @Test
    void holdsWhereEachIsInItsCategory() {
        // 2 steps × 500 ms × 4 ranks; 4 steps × 250 ms × the 3 who wait; 6 s × 4 slots.
        assertThat(judge(4 * SECOND, 3 * SECOND, 10 * SECOND, 14 * SECOND).holds()).isTrue();
    }

    @Test
    void timeInTheWrongCategoryIsSeen() {
        Verdict verdict = judge(3 * SECOND, 4 * SECOND, 10 * SECOND, 14 * SECOND);
        assertThat(verdict.holds()).isFalse();
        assertThat(verdict.says())
                .contains("data stalls: injected 4.000 slot-seconds, booked 3.000 (-25.0%)");
    }

    @Test
    void timeThatIsMissingIsSeen() {
        assertThat(judge(4 * SECOND, 3 * SECOND, 10 * SECOND, 10 * SECOND).holds()).isFalse();
    }
}
