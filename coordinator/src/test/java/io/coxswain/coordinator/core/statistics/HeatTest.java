package io.coxswain.coordinator.core.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeatTest {
    private static String tail(Heat heat, int cells) {
        return heat.cells().substring(Heat.CELLS - cells);
    }

    @Test
    void theWorstOfACellStands() {
        var heat = new Heat(3);
        heat.note(3, 'h');
        heat.note(3, 's');
        heat.note(3, 'h');
        heat.note(4, 'h');
        assertThat(tail(heat, 4)).isEqualTo("..sh");
    }

    @Test
    void cellsWithoutAWordAreLikeTheLast() {
        var heat = new Heat(0);
        heat.note(0, 'p');
        heat.note(4, 'h');
        assertThat(tail(heat, 6)).isEqualTo(".pppph");
        heat.note(1_000, 'l');
        assertThat(heat.cells()).isEqualTo("h".repeat(Heat.CELLS - 1) + "l");
    }

    @Test
    void foldingKeepsTheWorst() {
        var heat = new Heat(0);
        String lived = "pphhhsshhr";
        for (int cell = 0; cell < lived.length(); cell++) {
            heat.note(cell, lived.charAt(cell));
        }
        heat.fold();
        assertThat(tail(heat, 6)).isEqualTo(".phssr");
        heat.note(5, 'h');
        assertThat(tail(heat, 6)).isEqualTo("phssrh");
    }

    @Test
    void isOverWhenNothingIsLeft() {
        var heat = new Heat(0);
        assertThat(heat.isOver()).isTrue();
        heat.note(0, 'l');
        assertThat(heat.isOver()).isFalse();
        heat.note(1, '.');
        heat.note(Heat.CELLS, '.');
        assertThat(heat.isOver()).isTrue();
    }
}
