package io.coxswain.chaos.words;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.scenario.WordEffect;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

class WordQueueTest {
    private static final long SECOND = 1_000_000_000L;
    private static final List<Integer> WORDS = IntStream.range(0, 100).boxed().toList();

    private final WordQueue<Integer> queue = new WordQueue<>();

    private static Disturbance disturbance(WordEffect.Kind kind, double probability, long seed) {
        return new Disturbance(new WordEffect(kind, probability, Duration.ofSeconds(1), seed));
    }

    /** One word a tenth of a second; what went on by the end, in order. */
    private static List<Integer> pass(WordQueue<Integer> queue, List<Disturbance> disturbances) {
        var passed = new ArrayList<Integer>();
        for (int word : WORDS) {
            queue.add(word, disturbances, word * SECOND / 10);
            passed.addAll(queue.take(word * SECOND / 10));
        }
        passed.addAll(queue.take(100 * SECOND));
        return passed;
    }

    @Test
    void passesEverythingAtOnceInOrderWhileNothingIsWrong() {
        queue.add(1, List.of(), 7);
        queue.add(2, List.of(), 8);

        assertThat(queue.take(8)).containsExactly(1, 2);
        assertThat(queue.nextNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aWordComesTwiceTheSecondTimeLater() {
        queue.add(1, List.of(disturbance(WordEffect.Kind.DUPLICATE, 1, 3)), 0);

        assertThat(queue.take(0)).containsExactly(1);
        long again = queue.nextNanos();
        assertThat(again).isBetween(1L, SECOND);
        assertThat(queue.take(again - 1)).isEmpty();
        assertThat(queue.take(again)).containsExactly(1);
        assertThat(queue.nextNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aWordIsOvertakenByThoseBehindItOrWaitsItsTime() {
        queue.add(1, List.of(disturbance(WordEffect.Kind.REORDER, 1, 3)), 0);
        assertThat(queue.take(0)).isEmpty();
        for (int word = 2; word < 6; word++) {
            queue.add(word, List.of(), 10);
        }

        List<Integer> passed = queue.take(10);

        assertThat(passed).containsExactlyInAnyOrder(1, 2, 3, 4, 5);
        assertThat(passed.indexOf(1)).isBetween(1, 3);

        queue.add(6, List.of(disturbance(WordEffect.Kind.REORDER, 1, 3)), 20);
        assertThat(queue.take(20 + SECOND - 1)).isEmpty();
        assertThat(queue.take(20 + SECOND)).containsExactly(6);
    }

    @Test
    void whatIsBehindALateWordWaitsForIt() {
        queue.add(1, List.of(disturbance(WordEffect.Kind.DELAY, 1, 3)), 0);
        queue.add(2, List.of(), 1);

        assertThat(queue.take(1)).isEmpty();
        assertThat(queue.take(queue.nextNanos())).containsExactly(1, 2);
    }

    @Test
    void noWordIsLostWhenTheStreamEnds() {
        queue.add(1, List.of(disturbance(WordEffect.Kind.REORDER, 1, 3)), 0);
        queue.add(2, List.of(disturbance(WordEffect.Kind.DELAY, 1, 3)), 0);

        assertThat(queue.takeAll()).containsExactlyInAnyOrder(1, 2);
    }

    @ParameterizedTest
    @EnumSource(WordEffect.Kind.class)
    void theSameSeedDoesTheSame(WordEffect.Kind kind) {
        List<Integer> once = pass(queue, List.of(disturbance(kind, 0.3, 5)));

        assertThat(pass(new WordQueue<>(), List.of(disturbance(kind, 0.3, 5)))).isEqualTo(once);
        assertThat(once).containsAll(WORDS);
        switch (kind) {
            case DUPLICATE -> {
                assertThat(once.size()).isBetween(115, 150);
                assertThat(pass(new WordQueue<>(), List.of(disturbance(kind, 0.3, 6))))
                        .isNotEqualTo(once);
            }
            case REORDER -> {
                assertThat(once).hasSize(100).isNotEqualTo(WORDS);
                assertThat(pass(new WordQueue<>(), List.of(disturbance(kind, 0.3, 6))))
                        .isNotEqualTo(once);
            }
            case DELAY -> assertThat(once).isEqualTo(WORDS);
        }
    }

    @Test
    void aDisturbanceCountsWhatItHit() {
        Disturbance disturbance = disturbance(WordEffect.Kind.DUPLICATE, 0.3, 5);

        List<Integer> passed = pass(queue, List.of(disturbance));

        assertThat(disturbance.seen()).isEqualTo(100);
        assertThat(disturbance.hit()).isEqualTo(passed.size() - 100L);
    }
}
