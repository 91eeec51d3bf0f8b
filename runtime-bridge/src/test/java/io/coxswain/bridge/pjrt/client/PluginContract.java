package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.pjrt.client.CompileTarget.OneDevice;
import io.coxswain.bridge.pjrt.client.CompileTarget.Portable;
import io.coxswain.bridge.pjrt.client.CompileTarget.Replicas;
import io.coxswain.bridge.pjrt.client.PjrtBuffer.State;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What every plugin does under the wrappers, and what the wrappers never let reach one. */
abstract class PluginContract {
    static final Duration LIMIT = Duration.ofSeconds(50);
    static final TensorType MATRIX = TensorType.of(ElementType.F32, 2, 3);
    static final TensorType TURNED = TensorType.of(ElementType.F32, 3, 2);
    static final TensorType PAIR = TensorType.of(ElementType.F32, 2);
    static final Signature ADD =
            new Signature(List.of(MATRIX, MATRIX), List.of(MATRIX, TURNED), Set.of(0));
    static final Signature ALL_REDUCE = new Signature(List.of(PAIR), List.of(PAIR), Set.of());

    final Arena arena = Arena.ofShared();
    PjrtClient client;

    /** The plugin under test. */
    abstract PjrtPlugin plugin() throws Exception;

    /** A module of {@link #ADD}: (a, b) → (a + b, b turned), where a is donated to the sum. */
    abstract byte[] add();

    /** A module of {@link #ALL_REDUCE}: the sum over two replicas. */
    abstract byte[] allReduce();

    /** After everything was closed. */
    void assertClean() throws Throwable {}

    @BeforeEach
    void open() throws Exception {
        client = plugin().createClient(Map.of("cpu_device_count", 3L));
    }

    @AfterEach
    void close() throws Throwable {
        client.close();
        arena.close();
        assertClean();
    }

    MemorySegment floats(float... values) {
        MemorySegment memory = arena.allocate((long) values.length * Float.BYTES, 64);
        MemorySegment.copy(values, 0, memory, ValueLayout.JAVA_FLOAT, 0, values.length);
        return memory;
    }

    PjrtBuffer matrix(PjrtDevice device, float first) throws PjrtException {
        return client.upload(
                floats(first, first + 1, first + 2, first + 3, first + 4, first + 5),
                MATRIX,
                device,
                HostSemantics.COPY_DURING_CALL);
    }

    float[] read(PjrtBuffer buffer) throws PjrtException {
        MemorySegment target = arena.allocate(buffer.type().byteSize());
        buffer.copyTo(target).await(LIMIT);
        return target.toArray(ValueLayout.JAVA_FLOAT);
    }

    PjrtExecutable compile(CompileTarget target) throws PjrtException {
        return client.compile(add(), ADD, target, LIMIT);
    }

    static void assertRefused(Code code, String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        PjrtException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }

    @Test
    void thePluginIsLoadedOnce() throws Exception {
        assertThat(PjrtPlugin.load(plugin().library())).isSameAs(plugin());
        assertThat(plugin().version().major()).isZero();
        assertThat(plugin().attributes()).containsKey("stablehlo_current_version");
    }

    @Test
    void aClientHasTheDevicesAskedFor() {
        assertThat(client.devices()).extracting(PjrtDevice::id).containsExactly(0, 1, 2);
        assertThat(client.devices().getFirst())
                .hasToString(client.platformName() + ":0")
                .extracting(PjrtDevice::kind)
                .isNotNull();
        assertThat(client.platformVersion()).isNotEmpty();
    }

    @Test
    void wrongOptionsAreRefused() {
        assertRefused(
                Code.INVALID_ARGUMENT,
                "cpu_device_count must be a whole number of at least 1",
                () -> plugin().createClient(Map.of("cpu_device_count", 0L)));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "cpu_device_count must be",
                () -> plugin().createClient(Map.of("cpu_device_count", "two")));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "option x is a Object",
                () -> plugin().createClient(Map.of("x", new Object())));
    }

    @Test
    void aProgramRunsOnTheDeviceItWasCompiledFor() throws Exception {
        for (PjrtDevice device : client.devices()) {
            PjrtExecutable program = compile(new OneDevice(device.id()));
            assertThat(program.devices()).containsExactly(device);
            assertThat(program.fingerprint()).isNotEmpty();
            Execution run =
                    program.execute(
                            List.of(matrix(device, 0), matrix(device, 10)), device, Set.of());
            run.done().await(LIMIT);
            assertThat(run.results()).extracting(PjrtBuffer::type).containsExactly(MATRIX, TURNED);
            assertThat(run.results()).extracting(PjrtBuffer::device).containsOnly(device);
            assertThat(read(run.results().get(0))).containsExactly(10, 12, 14, 16, 18, 20);
            assertThat(read(run.results().get(1))).containsExactly(10, 13, 11, 14, 12, 15);
        }
    }

    @Test
    void aPortableProgramRunsOnAnyDevice() throws Exception {
        PjrtExecutable program = compile(new Portable());
        assertThat(program.devices()).isEmpty();
        for (PjrtDevice device : client.devices()) {
            Execution run =
                    program.execute(
                            List.of(matrix(device, 0), matrix(device, 10)), device, Set.of());
            assertThat(read(run.results().getFirst())).containsExactly(10, 12, 14, 16, 18, 20);
        }
    }

    @Test
    void replicasReduceAmongThemselves() throws Exception {
        PjrtExecutable program = client.compile(allReduce(), ALL_REDUCE, new Replicas(2), LIMIT);
        assertThat(program.devices()).hasSize(2);
        List<List<PjrtBuffer>> rows = new ArrayList<>();
        for (int row = 0; row < 2; row++) {
            rows.add(
                    List.of(
                            client.upload(
                                    floats(1 + row, 5),
                                    PAIR,
                                    program.devices().get(row),
                                    HostSemantics.COPY_DURING_CALL)));
        }
        for (Execution run : program.executeReplicas(rows, Set.of())) {
            run.done().await(LIMIT);
            assertThat(read(run.results().getFirst())).containsExactly(3, 10);
        }
        PjrtDevice first = program.devices().getFirst();
        assertRefused(
                Code.INVALID_ARGUMENT,
                "2 replicas, which run together",
                () -> program.execute(rows.getFirst(), first, Set.of()));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "got arguments for 1",
                () -> program.executeReplicas(List.of(rows.getFirst()), Set.of()));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "argument 0 is on",
                () -> program.executeReplicas(rows.reversed(), Set.of()));
        PjrtExecutable single = compile(new OneDevice(0));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "compiled for one device",
                () -> single.executeReplicas(rows, Set.of()));
    }

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
                () -> program.execute(List.of(elsewhere, elsewhere), elsewhere.device(), Set.of(0)));
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
                () ->
                        client.upload(
                                memory.asSlice(16, 8), PAIR, device, HostSemantics.ZERO_COPY));
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
                client.upload(
                        memory, MATRIX, client.devices().getFirst(), HostSemantics.ZERO_COPY);
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
            Execution run =
                    program.execute(List.of(buffer, matrix(device, 10)), device, Set.of());
            run.done().await(LIMIT);
            assertThat(memory.get(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(mutable ? 10 : 0);
            run.results().getFirst().close();
            buffer.uploaded().await(LIMIT);
        }
    }

    @Test
    void programsThatDoNotFitTheirSignatureAreRefused() {
        assertRefused(
                Code.INVALID_ARGUMENT,
                "result 1 of the program is f32[3,2], and its description says f32[2,3]",
                () ->
                        client.compile(
                                add(),
                                new Signature(ADD.arguments(), List.of(MATRIX, MATRIX), Set.of()),
                                new OneDevice(0),
                                LIMIT));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "result 0 of the program is f32[2,3], and its description says i32[2,3]",
                () ->
                        client.compile(
                                add(),
                                new Signature(
                                        ADD.arguments(),
                                        List.of(TensorType.of(ElementType.I32, 2, 3), TURNED),
                                        Set.of()),
                                new OneDevice(0),
                                LIMIT));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "has 2 results, and its description 1",
                () ->
                        client.compile(
                                add(),
                                new Signature(ADD.arguments(), List.of(MATRIX), Set.of()),
                                new OneDevice(0),
                                LIMIT));
    }

    @Test
    void modulesThatAreNoneAreRefused() {
        byte[] whole = add();
        byte[] truncated = Arrays.copyOf(whole, whole.length * 2 / 3);
        for (byte[] module :
                List.of(truncated, "garbage".getBytes(StandardCharsets.UTF_8), new byte[64])) {
            assertThatThrownBy(() -> client.compile(module, ADD, new OneDevice(0), LIMIT))
                    .isInstanceOf(PjrtException.class)
                    .hasMessageStartingWith("compiling a program: ");
        }
        assertRefused(
                Code.INVALID_ARGUMENT,
                "is empty",
                () -> client.compile(new byte[0], ADD, new OneDevice(0), LIMIT));
    }

    @Test
    void targetsThatDoNotExistAreRefused() {
        assertRefused(
                Code.INVALID_ARGUMENT,
                "OneDevice[id=3]: the client has the devices",
                () -> compile(new OneDevice(3)));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "Replicas[count=4]: the client has the devices",
                () -> client.compile(allReduce(), ALL_REDUCE, new Replicas(4), LIMIT));
    }

    @Test
    void aCompiledProgramIsSavedAndLoaded() throws Exception {
        for (CompileTarget target : List.of(new OneDevice(0), new OneDevice(1), new Portable())) {
            byte[] saved;
            try (PjrtExecutable program = compile(target)) {
                saved = program.serialize();
            }
            PjrtExecutable loaded = client.load(saved, ADD, target);
            PjrtDevice device = client.devices().get(target instanceof OneDevice(int id) ? id : 2);
            Execution run =
                    loaded.execute(List.of(matrix(device, 0), matrix(device, 10)), device, Set.of());
            assertThat(read(run.results().getFirst())).containsExactly(10, 12, 14, 16, 18, 20);
        }
        byte[] saved = compile(new OneDevice(1)).serialize();
        assertRefused(
                Code.INVALID_ARGUMENT,
                "the program runs on [%s], not on".formatted(client.devices().get(1)),
                () -> client.load(saved, ADD, new OneDevice(0)));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "result 1 of the program",
                () ->
                        client.load(
                                saved,
                                new Signature(ADD.arguments(), List.of(MATRIX, MATRIX), Set.of()),
                                new OneDevice(1)));
        assertRefused(
                Code.INVALID_ARGUMENT,
                "is empty",
                () -> client.load(new byte[0], ADD, new OneDevice(0)));
    }

    @Test
    void thingsMayBeClosedWhileARunUsesThem() throws Exception {
        PjrtDevice device = client.devices().getFirst();
        PjrtExecutable program = compile(new OneDevice(0));
        PjrtBuffer first = matrix(device, 0);
        PjrtBuffer second = matrix(device, 10);
        Execution run = program.execute(List.of(first, second), device, Set.of(0));
        PjrtEvent copied = run.results().getFirst().copyTo(arena.allocate(24));
        first.close();
        second.close();
        run.results().forEach(PjrtBuffer::close);
        program.close();
        program.close();
        run.done().await(LIMIT);
        copied.await(LIMIT);
        assertRefused(
                Code.FAILED_PRECONDITION,
                "the program is closed",
                () ->
                        program.execute(
                                List.of(matrix(device, 0), matrix(device, 0)), device, Set.of()));
        assertRefused(
                Code.FAILED_PRECONDITION, "the program is closed", () -> program.serialize());
    }

    @Test
    void aClosedClientRefusesEverything() throws Exception {
        PjrtDevice device = client.devices().getFirst();
        PjrtExecutable program = compile(new OneDevice(0));
        PjrtBuffer buffer = matrix(device, 0);
        Execution run = program.execute(List.of(buffer, buffer), device, Set.of(0));
        client.close();
        client.close();
        run.done().await(LIMIT);
        assertThat(buffer.state()).isEqualTo(State.CLOSED);
        assertThat(run.results()).extracting(PjrtBuffer::state).containsOnly(State.CLOSED);
        assertRefused(
                Code.FAILED_PRECONDITION,
                "is closed",
                () -> program.execute(List.of(buffer, buffer), device, Set.of(0)));
        assertRefused(Code.FAILED_PRECONDITION, "is closed", program::serialize);
        assertRefused(
                Code.FAILED_PRECONDITION, "is closed", () -> buffer.copyTo(arena.allocate(24)));
        assertRefused(Code.FAILED_PRECONDITION, "is closed", () -> matrix(device, 0));
        assertRefused(Code.FAILED_PRECONDITION, "is closed", () -> compile(new OneDevice(0)));
        assertRefused(
                Code.FAILED_PRECONDITION,
                "is closed",
                () -> client.load(new byte[1], ADD, new OneDevice(0)));
    }

    @Test
    void whatFollowsAnEventMayUseAndCloseEverything() throws Exception {
        PjrtDevice device = client.devices().getFirst();
        PjrtExecutable program = compile(new OneDevice(0));
        Execution run =
                program.execute(List.of(matrix(device, 0), matrix(device, 10)), device, Set.of());
        CompletableFuture<Boolean> followed =
                run.done()
                        .future()
                        .thenApply(
                                _ -> {
                                    client.close();
                                    return Thread.currentThread().isVirtual();
                                });
        assertThat(followed.get(50, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void closingWhileOtherThreadsRunIsHarmless() throws Exception {
        PjrtExecutable program = compile(new Portable());
        CountDownLatch running = new CountDownLatch(3);
        List<CompletableFuture<Code>> ends = new ArrayList<>();
        for (PjrtDevice device : client.devices()) {
            CompletableFuture<Code> end = new CompletableFuture<>();
            ends.add(end);
            Thread.ofPlatform()
                    .start(
                            () -> {
                                try {
                                    while (true) {
                                        runOnce(program, device);
                                        running.countDown();
                                    }
                                } catch (PjrtException e) {
                                    end.complete(e.code());
                                } catch (Throwable e) {
                                    end.completeExceptionally(e);
                                }
                            });
        }
        running.await();
        client.close();
        for (CompletableFuture<Code> end : ends) {
            assertThat(end.get(50, TimeUnit.SECONDS))
                    .isEqualTo(Code.FAILED_PRECONDITION);
        }
    }

    private void runOnce(PjrtExecutable program, PjrtDevice device) throws PjrtException {
        PjrtBuffer first = matrix(device, 0);
        PjrtBuffer second = matrix(device, 10);
        Execution run = program.execute(List.of(first, second), device, Set.of());
        read(run.results().getFirst());
        second.close();
        run.results().forEach(PjrtBuffer::close);
    }

    private PjrtBuffer upload(TensorType type, PjrtDevice device) throws PjrtException {
        return client.upload(
                arena.allocate(type.byteSize()), type, device, HostSemantics.COPY_DURING_CALL);
    }
}
