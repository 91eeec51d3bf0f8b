package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.control.v1.KeyValueCount;
import io.coxswain.proto.control.v1.KeyValueOperation;

import org.junit.jupiter.api.Test;

class KeyValueDoorTest {
    private static KeyValueRequest request(long id) {
        return KeyValueRequest.newBuilder()
                .setId(id)
                .setOperation(
                        KeyValueOperation.newBuilder().setCount(KeyValueCount.getDefaultInstance()))
                .build();
    }

    @Test
    void numbersOfTwoProcessesAreToldApart() {
        var door = new KeyValueDoor(2);
        long first = door.number(7);
        long second = door.number(7);

        assertThat(door.admit(0, first, request(7))).isNull();
        assertThat(door.admit(1, second, request(7))).isNull();
        assertThat(door.admit(1, door.number(7), request(7)))
                .satisfies(refusal -> assertThat(refusal).isNotNull());

        assertThat(door.answered(second)).isEqualTo(new KeyValueDoor.Asker(1, 7));
        assertThat(door.answered(first)).isEqualTo(new KeyValueDoor.Asker(0, 7));
        assertThat(door.answered(first)).isNull();
    }

    @Test
    void oneProcessKeepsItsNumbers() {
        var door = new KeyValueDoor(1);

        assertThat(door.number(-1)).isEqualTo(-1);
        assertThat(door.admit(0, -1, request(-1))).isNull();
        assertThat(door.answered(-1)).isEqualTo(new KeyValueDoor.Asker(0, -1));
    }

    @Test
    void whatAFormerWorkerAskedIsForgotten() {
        var door = new KeyValueDoor(2);
        long number = door.number(1);
        assertThat(door.admit(0, number, request(1))).isNull();
        door.clear();

        assertThat(door.answered(number)).isNull();
        assertThat(door.number(1)).isNotEqualTo(number);
    }
}
