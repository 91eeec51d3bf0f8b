package io.coxswain.chaos.checker;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.scenario.Expectation;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** How soon everything is to be normal after ZooKeeper's return. */
class ExpectedTest {
    private static final long SECOND = 1_000_000_000L;

    private static Verdict judged(List<StoreOutage> outages) {
        var expectation =
                new Expectation(true, "", -1, 0, -1, List.of(), true, 0, Duration.ofSeconds(2));
        return Expected.of(expectation, List.of())
                .judge(
                        new Evidence(
                                new JobFacts(10, 1),
                                true,
                                true,
                                "",
                                null,
                                List.of(),
                                List.of(),
                                List.of(),
                                Map.of(),
                                List.of(),
                                () -> new Reference("", null),
                                outages));
    }

    private static StoreOutage outage(long recovery) {
        return new StoreOutage(5, OptionalLong.of(9), OptionalLong.of(9 + recovery));
    }

    @Test
    void itHoldsIfEachReturnWasFollowedSoonEnough() {
        assertThat(judged(List.of(outage(SECOND), outage(2 * SECOND))).holds()).isTrue();
    }

    @Test
    void itFailsIfOneWasNotOrNeverOrNoneWasSeen() {
        Verdict late = judged(List.of(outage(SECOND), outage(3 * SECOND)));
        assertThat(late.holds()).isFalse();
        assertThat(late.says()).contains("3000 ms after ZooKeeper's return, at most 2000 ms");
        var never = new StoreOutage(5, OptionalLong.of(9), OptionalLong.empty());
        assertThat(judged(List.of(never)).says()).contains("normal again never");
        assertThat(judged(List.of()).says()).contains("never seen to be away");
    }
}
