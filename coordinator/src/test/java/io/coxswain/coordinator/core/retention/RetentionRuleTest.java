package io.coxswain.coordinator.core.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.core.retention.RetentionRule.Finished;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.stream.IntStream;

class RetentionRuleTest {
    private static final long NOW = 1_000_000;

    /** The first is the oldest; each ended a minute before the next. */
    private static List<Finished> jobs(int many) {
        return IntStream.range(0, many)
                .mapToObj(i -> new Finished("j" + i, NOW - 60_000L * (many - i)))
                .toList();
    }

    private static List<String> surplus(RetentionRule rule, List<Finished> jobs) {
        return rule.surplus(jobs, NOW).stream().map(Finished::jobId).toList();
    }

    @Test
    void theNewestAreKept() {
        var rule = new RetentionRule(3, 0);
        assertThat(surplus(rule, jobs(0))).isEmpty();
        assertThat(surplus(rule, jobs(3))).isEmpty();
        assertThat(surplus(rule, jobs(5))).containsExactly("j0", "j1");
    }

    @Test
    void whatEndedTooLongAgoIsNot() {
        var rule = new RetentionRule(100, 150_000);
        assertThat(surplus(rule, jobs(5))).containsExactly("j0", "j1", "j2");
        assertThat(surplus(rule, List.of(new Finished("unknown", 0)))).isEmpty();
        assertThat(surplus(new RetentionRule(1, 150_000), jobs(2))).containsExactly("j0");
    }

    @Test
    void onePassIsBounded() {
        assertThat(surplus(new RetentionRule(1, 0), jobs(1_000)))
                .hasSize(RetentionRule.PASS)
                .startsWith("j0", "j1");
    }

    @Test
    void boundsAreChecked() {
        assertThatThrownBy(() -> new RetentionRule(0, 0))
                .hasMessageContaining("1 to 10000")
                .hasMessageContaining("got 0");
        assertThatThrownBy(() -> new RetentionRule(10_001, 0)).hasMessageContaining("10001");
        assertThatThrownBy(() -> new RetentionRule(1, -1)).hasMessageContaining("-1 ms");
    }
}
