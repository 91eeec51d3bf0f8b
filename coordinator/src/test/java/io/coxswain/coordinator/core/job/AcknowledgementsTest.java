package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

class AcknowledgementsTest {
    private final Acknowledgements all = new Acknowledgements(3);

    @Test
    void theFloorIsTheNewestStepThatAllRanksHave() {
        all.note(0, List.of(4L, 6L));
        all.note(1, List.of(6L));
        assertThat(all.newest(10)).isEqualTo(-1);
        all.note(2, List.of(4L, 6L));
        assertThat(all.newest(10)).isEqualTo(6);
        assertThat(all.newest(5)).isEqualTo(-1);
    }

    @Test
    void aRankThatLacksOneStepHoldsNobodyUpAtTheNext() {
        all.note(0, List.of(4L));
        all.note(1, List.of(4L));
        all.note(2, List.of(5L));
        assertThat(all.newest(10)).isEqualTo(-1);
        all.note(0, List.of(4L, 5L));
        all.note(1, List.of(4L, 5L));
        assertThat(all.newest(10)).isEqualTo(5);
    }

    @Test
    void newerWordsTakeThePlaceOfOlderOnesButForEmptyOnes() {
        for (int rank = 0; rank < 3; rank++) {
            all.note(rank, List.of(2L));
        }
        all.note(0, List.of());
        assertThat(all.newest(10)).isEqualTo(2);
        all.note(0, List.of(3L));
        assertThat(all.newest(10)).isEqualTo(-1);
        all.clear();
        assertThat(all.newest(10)).isEqualTo(-1);
    }
}
