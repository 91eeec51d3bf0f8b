package io.coxswain.bridge.pjrt.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Tables made in Java, whose functions are never called. */
class PjrtApiTest {
    private final Arena arena = Arena.ofAuto();

    private MemorySegment table(int major, int minor, int slots) {
        MemorySegment table = arena.allocate(40 + 8L * slots, 8);
        table.set(ValueLayout.JAVA_LONG, 0, table.byteSize());
        table.set(ValueLayout.JAVA_LONG, 16, 24);
        table.set(ValueLayout.JAVA_INT, 32, major);
        table.set(ValueLayout.JAVA_INT, 36, minor);
        for (int slot = 0; slot < slots; slot++) {
            table.set(ValueLayout.JAVA_LONG, 40 + 8L * slot, 0x1000 + slot);
        }
        return table;
    }

    @Test
    void olderAndNewerMinorsAreRead() throws Exception {
        PjrtApi older = PjrtApi.read(table(0, 81, 118));
        assertThat(older.version()).hasToString("0.81");
        assertThat(older.slots()).isEqualTo(118);
        PjrtApi newer = PjrtApi.read(table(0, 300, 200));
        assertThat(newer.version()).isEqualTo(new ApiVersion(0, 300));
        for (PjrtFunction function : PjrtFunction.values()) {
            assertThat(older.has(function)).isTrue();
            assertThat(newer.has(function)).isTrue();
        }
    }

    @Test
    void anUnknownMajorIsRefused() {
        assertThatThrownBy(() -> PjrtApi.read(table(1, 2, 138)))
                .isInstanceOf(UnsupportedApiException.class)
                .hasMessage("its PJRT API is 1.2; only major version 0 is known");
    }

    @Test
    void aTableWithoutARequiredFunctionIsRefused() {
        assertThatThrownBy(() -> PjrtApi.read(table(0, 30, 91)))
                .isInstanceOf(UnsupportedApiException.class)
                .hasMessage(
                        "its PJRT API 0.30 has 91 functions and lacks Executable_OutputDimensions"
                                + " (slot 91), which is needed");
        MemorySegment hole = table(0, 115, 138);
        hole.set(ValueLayout.JAVA_LONG, 40 + 8L * 55, 0);
        assertThatThrownBy(() -> PjrtApi.read(hole))
                .isInstanceOf(UnsupportedApiException.class)
                .hasMessageContaining("lacks LoadedExecutable_Execute (slot 55)");
    }

    @Test
    void anOptionalFunctionMayBeMissing() throws Exception {
        MemorySegment table = table(0, 115, 138);
        table.set(ValueLayout.JAVA_LONG, 40 + 8L * 94, 0);
        PjrtApi api = PjrtApi.read(table);
        assertThat(api.has(PjrtFunction.EXECUTABLE_FINGERPRINT)).isFalse();
        Args args = api.args(arena, PjrtStructs.EXECUTABLE_FINGERPRINT);
        assertThatThrownBy(() -> api.call(PjrtFunction.EXECUTABLE_FINGERPRINT, args))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anotherFormOfTheTableIsRefused() {
        MemorySegment table = table(0, 115, 138);
        table.set(ValueLayout.JAVA_LONG, 16, 32);
        assertThatThrownBy(() -> PjrtApi.read(table))
                .isInstanceOf(UnsupportedApiException.class)
                .hasMessageContaining("a form that is not known");
        MemorySegment empty = table(0, 115, 138);
        empty.set(ValueLayout.JAVA_LONG, 0, 8);
        assertThatThrownBy(() -> PjrtApi.read(empty)).isInstanceOf(UnsupportedApiException.class);
    }

    @Test
    void aFunctionTakesItsOwnStructOnly() throws Exception {
        PjrtApi api = PjrtApi.read(table(0, 115, 138));
        Args args = api.args(arena, PjrtStructs.EVENT_DESTROY);
        assertThatThrownBy(() -> api.call(PjrtFunction.BUFFER_DESTROY, args))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Buffer_Destroy_Args");
    }
}
