package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.pjrt.client.CompileTarget.OneDevice;
import io.coxswain.bridge.pjrt.client.CompileTarget.Portable;
import io.coxswain.bridge.pjrt.client.PjrtBuffer.State;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What buffers do on every plugin, and what the wrappers never let reach one. */
abstract class BufferContract extends PluginFixture {
    @Test
    void resultsMayBeUsedBeforeTheyAreThere() throws Exception {
        PjrtDevice device = client.devices().getFirst();
        PjrtExecutable program = compile(new OneDevice(0));
        PjrtBuffer sum = matrix(device, 0);
        PjrtBuffer step = matrix(device, 1);
        for (int i = 0; i < 20; i++) {
            Execution run = program.execute(List.of(sum, step), device, Set.of());
            sum = run.results().get(0);
            run.results().get(1).close();
        }
        assertThat(read(sum)).containsExactly(20, 41, 62, 83, 104, 125);
    }

    @Test
    void aDonatedArgumentIsGone() throws Exception {
        PjrtDevice device = client.devices().getFirst();
        PjrtExecutable program = compile(new OneDevice(0));
        PjrtBuffer donated = matrix(device, 0);
        PjrtBuffer other = matrix(device, 10);
        program.execute(List.of(donated, other), device, Set.of()).done().await(LIMIT);
        assertThat(donated.state()).isEqualTo(State.DONATED);
        assertThat(other.state()).isEqualTo(State.LIVE);
        MemorySegment target = arena.allocate(24);
        assertRefused(
                Code.FAILED_PRECONDITION, "was donated to a run", () -> donated.copyTo(target));
        assertRefused(Code.FAILED_PRECONDITION, "was donated", donated::unsafePointer);
        assertRefused(
                Code.FAILED_PRECONDITION,
                "was donated",
                () -> program.execute(List.of(other, donated), device, Set.of()));
        // The argument before it was to be donated, and was not.
        assertThat(read(other)).containsExactly(10, 11, 12, 13, 14, 15);
        donated.close();
        donated.close();
        assertThat(donated.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void aKeptArgumentStays() throws Exception {
        PjrtDevice device = client.devices().getFirst();
        PjrtExecutable program = compile(new OneDevice(0));
        PjrtBuffer kept = matrix(device, 0);
        Execution run = program.execute(List.of(kept, kept), device, Set.of(0));
        assertThat(read(run.results().getFirst())).containsExactly(0, 2, 4, 6, 8, 10);
        assertThat(kept.state()).isEqualTo(State.LIVE);
        assertThat(read(kept)).containsExactly(0, 1, 2, 3, 4, 5);
        assertRefused(
                Code.INVALID_ARGUMENT,
                "argument 2 of 2 cannot be kept",
                () -> program.execute(List.of(kept, kept), device, Set.of(2)));
        assertRefused(
                Code.FAILED_PRECONDITION,
                "at the same time used by another argument",
                () -> program.execute(List.of(kept, kept), device, Set.of()));
        assertThat(kept.state()).isEqualTo(State.LIVE);
    }

    @Test
    void aProgramThatDonatesMoreThanItsSignatureSaysTakesNothing() throws Exception {
        PjrtDevice device = client.devices().getFirst();
        Signature none = new Signature(ADD.arguments(), ADD.results(), Set.of());
        PjrtExecutable program = client.compile(add(), none, new OneDevice(0), LIMIT);
        PjrtBuffer first = matrix(device, 0);
        program.execute(List.of(first, matrix(device, 10)), device, Set.of()).done().await(LIMIT);
        assertThat(read(first)).containsExactly(0, 1, 2, 3, 4, 5);
    }

    @Test
    void argumentsThatDoNotFitAreRefusedBeforeTheCall() throws Exception {
        PjrtDevice device = client.devices().getFirst();
        PjrtExecutable program = compile(new OneDevice(0));
        PjrtBuffer good = matrix(device, 0);
        PjrtBuffer elsewhere = matrix(client.devices().get(1), 0);
        // The plugin would take their bytes: they have as many.
        PjrtBuffer flat = upload(TensorType.of(ElementType.F32, 6), device);
        PjrtBuffer whole = upload(TensorType.of(ElementType.I32, 2, 3), device);

        assertRefused(
                Code.INVALID_ARGUMENT,
                "takes 2 arguments, and got 1",
                () -> program.execute(List.of(good), device, Set.of(0)));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "argument 1 is f32[6], and the program takes f32[2,3]",
                () -> program.execute(List.of(good, flat), device, Set.of(0)));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "argument 0 is i32[2,3], and the program takes f32[2,3]",
                () -> program.execute(List.of(whole, good), device, Set.of(0)));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "argument 1 is on " + elsewhere.device(),
                () -> program.execute(List.of(good, elsewhere), device, Set.of(0)));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "was compiled for",
                () ->
                        program.execute(
                                List.of(elsewhere, elsewhere), elsewhere.device(), Set.of(0)));
        flat.close();
        assertRefused(Code.FAILED_PRECONDITION, "is closed", flat::unsafePointer);
        PjrtBuffer closed = matrix(device, 0);
        closed.close();
        assertRefused(
                Code.FAILED_PRECONDITION,
                "buffer f32[2,3] on %s is closed".formatted(device),
                () -> program.execute(List.of(good, closed), device, Set.of()));
        assertThat(read(good)).containsExactly(0, 1, 2, 3, 4, 5);
    }

    @Test
    void thingsOfAnotherClientAreRefused() throws Exception {
        PjrtDevice device = client.devices().getFirst();
        PjrtExecutable program = compile(new OneDevice(0));
        PjrtExecutable portable = compile(new Portable());
        try (PjrtClient other = plugin().createClient(Map.of("cpu_device_count", 1L))) {
            PjrtDevice foreign = other.devices().getFirst();
            PjrtBuffer buffer =
                    other.upload(
                            floats(1, 2, 3, 4, 5, 6),
                            MATRIX,
                            foreign,
                            HostSemantics.COPY_DURING_CALL);
            assertRefused(
                    Code.INVALID_ARGUMENT,
                    "of another client",
                    () -> program.execute(List.of(buffer, buffer), device, Set.of(0)));
            assertRefused(
                    Code.INVALID_ARGUMENT,
                    "belongs to another client",
                    () -> portable.execute(List.of(buffer, buffer), foreign, Set.of(0)));
            assertRefused(
                    Code.INVALID_ARGUMENT,
                    "belongs to another client",
                    () ->
                            client.upload(
                                    floats(1, 2), PAIR, foreign, HostSemantics.COPY_DURING_CALL));
        }
    }

    @Test
    void uploadsThatDoNotFitAreRefused() {
        PjrtDevice device = client.devices().getFirst();
        MemorySegment memory = arena.allocate(128, 64);
        assertRefused(
                Code.INVALID_ARGUMENT,
                "uploading f32[2] to %s: the data must be in native memory".formatted(device),
                () ->
                        client.upload(
                                MemorySegment.ofArray(new float[2]),
                                PAIR,
                                device,
                                HostSemantics.COPY_DURING_CALL));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "the data have 128 bytes, and the type needs 8",
                () -> client.upload(memory, PAIR, device, HostSemantics.COPY_DURING_CALL));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "multiple of 64 bytes, not 16 behind one",
                () -> client.upload(memory.asSlice(16, 8), PAIR, device, HostSemantics.ZERO_COPY));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "the data are read-only",
                () ->
                        client.upload(
                                memory.asSlice(0, 8).asReadOnly(),
                                PAIR,
                                device,
                                HostSemantics.MUTABLE_ZERO_COPY));
    }

    @Test
    void downloadsThatDoNotFitAreRefused() throws Exception {
        PjrtBuffer buffer = matrix(client.devices().getFirst(), 0);
        assertRefused(
                Code.INVALID_ARGUMENT,
                "needs 24 bytes of writable native memory, and got 25 bytes of native memory",
                () -> buffer.copyTo(arena.allocate(25)));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "24 bytes of the Java heap",
                () -> buffer.copyTo(MemorySegment.ofArray(new byte[24])));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "24 bytes of read-only memory",
                () -> buffer.copyTo(arena.allocate(24).asReadOnly()));
    }

    @Test
    void everyTypeAndShapeGoesThereAndBack() throws Exception {
        long[][] shapes = {{}, {0}, {3}, {2, 2}, {2, 0, 3}, {2, 3, 4}};
        for (ElementType element : ElementType.values()) {
            for (long[] shape : shapes) {
                TensorType type = TensorType.of(element, shape);
                MemorySegment source =
                        arena.allocate(type.byteSize() + 1, 64).asSlice(0, type.byteSize());
                for (int i = 0; i < source.byteSize(); i++) {
                    // Both are booleans, and no number of theirs is a NaN.
                    source.set(ValueLayout.JAVA_BYTE, i, (byte) (i % 2));
                }
                for (HostSemantics semantics : HostSemantics.values()) {
                    PjrtBuffer buffer =
                            client.upload(source, type, client.devices().getFirst(), semantics);
                    // At an odd address, to see that any will do.
                    MemorySegment target =
                            arena.allocate(type.byteSize() + 1, 64).asSlice(1, type.byteSize());
                    buffer.copyTo(target).await(LIMIT);
                    buffer.close();
                    buffer.uploaded().await(LIMIT);
                    assertThat(target.toArray(ValueLayout.JAVA_BYTE))
                            .as("%s %s", type, semantics)
                            .isEqualTo(source.toArray(ValueLayout.JAVA_BYTE));
                }
            }
        }
    }

    @Test
    void hostMemoryUsedWithoutACopyIsFreeAfterTheBufferIsClosed() throws Exception {
        MemorySegment memory = floats(0, 1, 2, 3, 4, 5);
        PjrtBuffer buffer =
                client.upload(memory, MATRIX, client.devices().getFirst(), HostSemantics.ZERO_COPY);
        assertThat(buffer.unsafePointer()).isEqualTo(memory.address());
        assertThat(buffer.uploaded().done()).isFalse();
        assertRefused(
                Code.FAILED_PRECONDITION,
                "free only after the buffer is closed",
                () -> buffer.uploaded().await(LIMIT));
        buffer.close();
        buffer.uploaded().await(LIMIT);
    }

    @Test
    void aDonatedBufferOfMutableHostMemoryGetsTheResult() throws Exception {
        MemorySegment memory = floats(0, 1, 2, 3, 4, 5);
        PjrtDevice device = client.devices().getFirst();
        PjrtExecutable program = compile(new OneDevice(0));
        for (boolean mutable : new boolean[] {false, true}) {
            PjrtBuffer buffer =
                    client.upload(
                            memory,
                            MATRIX,
                            device,
                            mutable ? HostSemantics.MUTABLE_ZERO_COPY : HostSemantics.ZERO_COPY);
            Execution run = program.execute(List.of(buffer, matrix(device, 10)), device, Set.of());
            run.done().await(LIMIT);
            assertThat(memory.get(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(mutable ? 10 : 0);
            run.results().getFirst().close();
            buffer.uploaded().await(LIMIT);
        }
    }

    private PjrtBuffer upload(TensorType type, PjrtDevice device) throws PjrtException {
        return client.upload(
                arena.allocate(type.byteSize()), type, device, HostSemantics.COPY_DURING_CALL);
    }
}
