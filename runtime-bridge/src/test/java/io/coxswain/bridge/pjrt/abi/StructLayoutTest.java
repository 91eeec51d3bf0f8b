package io.coxswain.bridge.pjrt.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

class StructLayoutTest {
    @Test
    void eachStructEndsWithItsLastFieldButForThoseWhoseLastFieldsAreUnused() {
        for (PjrtFunction function : PjrtFunction.values()) {
            StructLayout struct = function.struct();
            long end =
                    struct.fields().stream().mapToLong(StructLayout.Field::end).max().orElseThrow();
            if (function == PjrtFunction.EXECUTABLE_LOAD) {
                assertThat(end).isEqualTo(48);
            } else {
                assertThat(struct.bytes(0)).as(function.cName()).isEqualTo(end);
            }
            assertThat(struct.name()).isEqualTo(function.cName() + "_Args");
        }
    }

    @Test
    void slotsAreDistinctAndAscend() {
        List<Integer> slots = Arrays.stream(PjrtFunction.values()).map(PjrtFunction::slot).toList();
        assertThat(slots).doesNotHaveDuplicates();
        assertThat(new ArrayList<>(slots)).isSorted();
    }

    @Test
    void structsHaveTheSizeOfThePluginsVersion() {
        assertThat(PjrtStructs.EXECUTABLE_LOAD.bytes(81)).isEqualTo(64);
        assertThat(PjrtStructs.EXECUTABLE_LOAD.bytes(104)).isEqualTo(64);
        assertThat(PjrtStructs.EXECUTABLE_LOAD.bytes(105)).isEqualTo(72);
        assertThat(PjrtStructs.EXECUTABLE_LOAD.bytes(999)).isEqualTo(72);
        assertThat(PjrtStructs.EXECUTE_OPTIONS.bytes(81)).isEqualTo(112);
        assertThat(PjrtStructs.EXECUTE_OPTIONS.bytes(115)).isEqualTo(144);
        assertThat(PjrtStructs.BUFFER_IS_DELETED.bytes(115)).isEqualTo(25);
    }

    @Test
    void memoryIsZeroAndLargerThanTheStruct() {
        try (Arena arena = Arena.ofConfined()) {
            Args args = Args.allocate(arena, PjrtStructs.BUFFER_IS_DELETED, 115);
            assertThat(args.memory().byteSize()).isGreaterThanOrEqualTo(25 + 64).isEven();
            assertThat(args.number("struct_size")).isEqualTo(25);
            assertThat(args.number("deleted")).isZero();
            assertThat(args.pointer("buffer").address()).isZero();
        }
    }

    @Test
    void aFieldThatCameLaterIsNotThereBefore() {
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Args.allocate(arena, PjrtStructs.EXECUTE_OPTIONS, 104).has("strict"))
                    .isFalse();
            assertThat(Args.allocate(arena, PjrtStructs.EXECUTE_OPTIONS, 105).has("strict"))
                    .isTrue();
        }
    }

    @Test
    void fieldsAreWhereCPutsThem() {
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    Args.allocate(arena, PjrtStructs.CLIENT_BUFFER_FROM_HOST, 115)
                            .set("type", 11)
                            .set("num_dims", 2)
                            .set("device", MemorySegment.ofAddress(0x1234));
            assertThat(args.memory().get(ValueLayout.JAVA_INT, 32)).isEqualTo(11);
            assertThat(args.memory().get(ValueLayout.JAVA_LONG, 48)).isEqualTo(2);
            assertThat(args.memory().get(ValueLayout.JAVA_LONG, 80)).isEqualTo(0x1234);
        }
    }

    @Test
    void textsAndArraysAreRead() {
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    Args.allocate(arena, PjrtStructs.ERROR_MESSAGE, 115)
                            .set("message", arena.allocateFrom("höher"))
                            .set("message_size", 6);
            assertThat(args.text("message", "message_size")).isEqualTo("höher");
            args.set("message", MemorySegment.NULL).set("message_size", 0);
            assertThat(args.text("message", "message_size")).isEmpty();
        }
    }

    @Test
    void wrongNamesAndKindsAreBugs() {
        try (Arena arena = Arena.ofConfined()) {
            Args args = Args.allocate(arena, PjrtStructs.EVENT_DESTROY, 115);
            assertThatThrownBy(() -> args.set("evnet", 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no field 'evnet'");
            assertThatThrownBy(() -> args.set("event", 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is a POINTER");
            assertThatThrownBy(() -> args.number("event"))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void overlappingOrUnalignedFieldsAreRefused() {
        assertThatThrownBy(() -> StructLayout.struct("S").pointer(20, "p"))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> StructLayout.struct("S").pointer(16, "p").ints(20, "i"))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> StructLayout.struct("S").pointer(16, "p").of(20))
                .isInstanceOf(IllegalStateException.class);
    }
}
