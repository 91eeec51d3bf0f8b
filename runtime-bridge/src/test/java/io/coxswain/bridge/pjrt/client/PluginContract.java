package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.pjrt.client.CompileTarget.OneDevice;
import io.coxswain.bridge.pjrt.client.CompileTarget.Portable;
import io.coxswain.bridge.pjrt.client.CompileTarget.Replicas;
import io.coxswain.bridge.pjrt.client.PjrtBuffer.State;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What every plugin does under the wrappers, and what the wrappers never let reach one. */
abstract class PluginContract extends BufferContract {
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
                    loaded.execute(
                            List.of(matrix(device, 0), matrix(device, 10)), device, Set.of());
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
        assertRefused(Code.FAILED_PRECONDITION, "the program is closed", () -> program.serialize());
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
        CompletableFuture<Thread> followed =
                run.done()
                        .future()
                        .thenApply(_ -> {
                            client.close();
                            return Thread.currentThread();
                        });
        assertThat(followed.get(50, TimeUnit.SECONDS))
                .matches(thread -> thread.isVirtual() || thread.equals(Thread.currentThread()));
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
                    .start(() -> {
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
            assertThat(end.get(50, TimeUnit.SECONDS)).isEqualTo(Code.FAILED_PRECONDITION);
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
}
