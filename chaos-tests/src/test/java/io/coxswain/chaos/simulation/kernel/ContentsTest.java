package io.coxswain.chaos.simulation.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

class ContentsTest {
    private enum Colour {
        RED,
        GREEN
    }

    @SuppressWarnings("ArrayRecordComponent")
    private record Word(
            long number, Colour colour, List<String> names, float[] losses, Runnable answer) {}

    private static Word word(long number, Colour colour, float loss) {
        return new Word(number, colour, List.of("a", "b"), new float[] {loss}, () -> {});
    }

    @Test
    void whatSaysTheSameHasOneHash() {
        assertThat(Contents.hash(word(1, Colour.RED, 2)))
                .isEqualTo(Contents.hash(word(1, Colour.RED, 2)));
    }

    @Test
    void everyComponentCounts() {
        long hash = Contents.hash(word(1, Colour.RED, 2));
        assertThat(
                        List.of(
                                Contents.hash(word(2, Colour.RED, 2)),
                                Contents.hash(word(1, Colour.GREEN, 2)),
                                Contents.hash(word(1, Colour.RED, 3)),
                                Contents.hash(
                                        new Word(
                                                1,
                                                Colour.RED,
                                                List.of("b", "a"),
                                                new float[] {2},
                                                () -> {}))))
                .doesNotContain(hash)
                .doesNotHaveDuplicates();
    }

    @Test
    void theOrderOfSetsAndMapsDoesNotCount() {
        Set<String> ab = new LinkedHashSet<>(List.of("a", "b"));
        Set<String> ba = new LinkedHashSet<>(List.of("b", "a"));
        assertThat(Contents.hash(ab)).isEqualTo(Contents.hash(ba));
        Map<String, Integer> forwards = new LinkedHashMap<>();
        forwards.put("a", 1);
        forwards.put("b", 2);
        Map<String, Integer> backwards = new LinkedHashMap<>();
        backwards.put("b", 2);
        backwards.put("a", 1);
        assertThat(Contents.hash(forwards)).isEqualTo(Contents.hash(backwards));
        assertThat(Contents.hash(Map.of("a", 2, "b", 1))).isNotEqualTo(Contents.hash(forwards));
    }

    @Test
    void whatHasNoKnownContentIsRefused() {
        assertThatThrownBy(() -> Contents.hash(new Object()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("java.lang.Object");
    }
}
