package io.coxswain.agent.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.GrantedFloor;

import org.junit.jupiter.api.Test;

import java.util.List;

class GrantedFloorsTest {
    private final GrantedFloors floors = new GrantedFloors();

    @Test
    void aStepIsDecidedByTheGrantThatItCameWithWhateverComesLater() {
        floors.take(List.of(new GrantedFloor(8, 0)));
        floors.take(List.of(new GrantedFloor(8, 0), new GrantedFloor(12, 6)));

        assertThat(floors.newest()).isEqualTo(6);
        assertThat(floors.at(8).floor()).isEqualTo(0);
        assertThat(floors.at(9).floor()).isEqualTo(6);
        assertThat(floors.at(12)).isEqualTo(new GrantedFloor(12, 6));
    }

    @Test
    void whatWasLostComesAgain() {
        floors.take(List.of(new GrantedFloor(8, 0)));
        floors.take(
                List.of(new GrantedFloor(8, 0), new GrantedFloor(12, 6), new GrantedFloor(16, 10)));

        assertThat(floors.at(10).floor()).isEqualTo(6);
        assertThat(floors.at(13).floor()).isEqualTo(10);
    }

    @Test
    void withoutAWordNothingIsProtected() {
        assertThat(floors.at(5).floor()).isEqualTo(0);
        assertThat(floors.newest()).isEqualTo(0);
    }
}
