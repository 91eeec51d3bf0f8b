package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.pjrt.client.CompileTarget.OneDevice;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** What a real plugin does too seldom to be tested with it: late events and failures. */
class MockBehaviourTest {
    private static final Duration LIMIT = PluginFixture.LIMIT;
    private static final Duration SHORT = Duration.ofMillis(1);
    private static final TensorType MATRIX = PluginFixture.MATRIX;
    private static final Signature ADD = PluginFixture.ADD;

    private final Arena arena = Arena.ofShared();
    private MockPlugin mock;

    @BeforeEach
    void open() throws Exception {
        mock = MockPlugin.compiled();
    }

    @AfterEach
    void nothingIsLeft() throws Throwable {
        if (mock != null) {
            mock.assertClean();
        }
        arena.close();
    }

    private PjrtClient client(String option, String value) throws Exception {
        return mock.load().createClient(Map.of(option, value));
    }

    private PjrtBuffer matrix(PjrtClient client) throws PjrtException {
        MemorySegment memory = arena.allocate(24, 64);
        for (int i = 0; i < 6; i++) {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
        }
        return client.upload(
                memory, MATRIX, client.devices().getFirst(), HostSemantics.UNTIL_TRANSFERRED);
    }

    private static PjrtExecutable compile(PjrtClient client) throws PjrtException {
        return client.compile(MockContract.ADD_MODULE, ADD, new OneDevice(0), LIMIT);
    }

    private Execution run(PjrtClient client) throws PjrtException {
        return compile(client)
                .execute(
                        List.of(matrix(client), matrix(client)),
                        client.devices().getFirst(),
                        Set.of());
    }

    private static void assertFails(Code code, String message, ThrowingCallable call) {
        PluginFixture.assertRefused(code, message, call);
    }

    @Test
    void attributesOfAllTypesAreRead() throws Exception {
        Map<String, Object> attributes = mock.load().attributes();
        assertThat(attributes)
                .containsEntry("name", "mock")
                .containsEntry("answer", 42L)
                .containsEntry("ratio", 0.5f)
                .containsEntry("honest", true)
                .containsEntry("stablehlo_current_version", new long[] {1, 2, 3})
                .doesNotContainKey("later");
        assertThatThrownBy(() -> attributes.put("x", 1L))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void optionsOfAllTypesReachThePlugin() {
        assertFails(
                Code.INVALID_ARGUMENT,
                "INVALID_ARGUMENT: echo 3 numbers, the last is 7",
                () -> mock.load().createClient(Map.of("echo", new long[] {5, 6, 7})));
        assertFails(
                Code.INVALID_ARGUMENT,
                "echo 0.25",
                () -> mock.load().createClient(Map.of("echo", 0.25f)));
        assertFails(
                Code.INVALID_ARGUMENT,
                "echo true",
                () -> mock.load().createClient(Map.of("echo", true)));
        assertFails(
                Code.INVALID_ARGUMENT,
                "creating a client of plugin mock_pjrt.so with {nix=}: INVALID_ARGUMENT: Unexpected"
                        + " option name",
                () -> mock.load().createClient(Map.of("nix", "")));
    }

    @Test
    void eventsOfOtherThreadsAreWaitedFor() throws Exception {
        try (PjrtClient client = client("events", "thread")) {
            Execution run = run(client);
            MemorySegment target = arena.allocate(24);
            PjrtEvent copied = run.results().getFirst().copyTo(target);
            copied.await(LIMIT);
            run.done().await(Duration.ofSeconds(Long.MAX_VALUE));
            assertThat(target.getAtIndex(ValueLayout.JAVA_FLOAT, 5)).isEqualTo(10);
            assertThat(copied.done()).isTrue();
            run.done().future().get(50, TimeUnit.SECONDS);
        }
    }

    @Test
    void whatFollowsALateEventRunsOnAVirtualThread() throws Throwable {
        try (PjrtClient client = client("events", "held")) {
            Execution run = run(client);
            CompletableFuture<Boolean> virtual =
                    run.done().future().thenApply(_ -> Thread.currentThread().isVirtual());
            assertThat(virtual).isNotDone();
            mock.release();
            assertThat(virtual.get(50, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void awaitHasALimitAndTheOperationGoesOn() throws Throwable {
        try (PjrtClient client = client("events", "held")) {
            Execution run = run(client);
            MemorySegment target = arena.allocate(24);
            PjrtEvent copied = run.results().getFirst().copyTo(target);
            assertFails(
                    Code.DEADLINE_EXCEEDED,
                    "running a program of 2 arguments on mock:0: not done within PT0.001S",
                    () -> run.done().await(SHORT));
            assertFails(
                    Code.DEADLINE_EXCEEDED,
                    "copying f32[2,3] from mock:0: not done",
                    () -> copied.await(SHORT));
            run.results().forEach(PjrtBuffer::close);
            mock.release();
            run.done().await(SHORT);
            copied.await(SHORT);
            assertThat(target.getAtIndex(ValueLayout.JAVA_FLOAT, 5)).isEqualTo(10);
        }
    }

    @Test
    void closingTheClientLetsItsEventsEnd() throws Exception {
        PjrtClient client = client("events", "held");
        Execution run = run(client);
        client.close();
        assertThat(run.done().done()).isTrue();
    }

    @Test
    void anInterruptEndsTheWait() throws Throwable {
        try (PjrtClient client = client("events", "held")) {
            Execution run = run(client);
            Thread.currentThread().interrupt();
            assertFails(Code.CANCELLED, "interrupted", () -> run.done().await(LIMIT));
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void hostMemoryIsReachableUntilThePluginIsDoneWithIt() throws Throwable {
        try (PjrtClient client = client("events", "held")) {
            PjrtBuffer buffer = matrix(client);
            WeakReference<MemorySegment> target = copyToForgotten(buffer);
            System.gc();
            // Its arena unmaps it when nobody refers to it any more; the plugin writes there now.
            assertThat(target.get()).isNotNull();
            mock.release();
        }
    }

    private static WeakReference<MemorySegment> copyToForgotten(PjrtBuffer buffer)
            throws PjrtException {
        MemorySegment target = Arena.ofAuto().allocate(24);
        PjrtEvent _ = buffer.copyTo(target);
        return new WeakReference<>(target);
    }

    @Test
    void aRunThatIsRefusedLeavesItsArgumentsAsTheyWere() throws Exception {
        try (PjrtClient client = client("fail", "execute")) {
            PjrtExecutable program = compile(client);
            PjrtBuffer first = matrix(client);
            PjrtBuffer second = matrix(client);
            assertFails(
                    Code.RESOURCE_EXHAUSTED,
                    "running a program of 2 arguments on mock:0: RESOURCE_EXHAUSTED: mock: no"
                            + " memory to run",
                    () -> program.execute(List.of(first, second), first.device(), Set.of()));
            assertThat(first.state()).isEqualTo(PjrtBuffer.State.LIVE);
            assertThat(second.state()).isEqualTo(PjrtBuffer.State.LIVE);
        }
    }

    @Test
    void aRunThatFailsLaterTellsItsEventAndItsResults() throws Exception {
        try (PjrtClient client = client("fail", "event")) {
            Execution run = run(client);
            assertFails(
                    Code.INTERNAL,
                    "running a program of 2 arguments on mock:0: INTERNAL: mock: the event failed",
                    () -> run.done().await(LIMIT));
            PjrtEvent copied = run.results().getFirst().copyTo(arena.allocate(24));
            assertFails(Code.INTERNAL, "copying f32[2,3]", () -> copied.await(LIMIT));
            assertThatThrownBy(() -> run.done().future().get(50, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(PjrtException.class);
        }
    }

    @Test
    void failuresOfUploadsAndDownloads() throws Exception {
        try (PjrtClient client = client("fail", "upload")) {
            assertFails(
                    Code.RESOURCE_EXHAUSTED,
                    "uploading f32[2,3] to mock:0: RESOURCE_EXHAUSTED: mock: no memory",
                    () -> matrix(client));
        }
        try (PjrtClient client = client("fail", "upload-event")) {
            PjrtBuffer buffer = matrix(client);
            assertFails(
                    Code.UNAVAILABLE,
                    "uploading f32[2,3] to mock:0: UNAVAILABLE",
                    () -> buffer.uploaded().await(LIMIT));
        }
        try (PjrtClient client = client("fail", "read")) {
            PjrtEvent copied = matrix(client).copyTo(arena.allocate(24));
            assertFails(Code.INTERNAL, "copying", () -> copied.await(LIMIT));
        }
    }

    @Test
    void anEventThatCannotBeFollowedHasFailed() throws Exception {
        try (PjrtClient client = client("fail", "on-ready")) {
            PjrtBuffer buffer = matrix(client);
            assertFails(
                    Code.INTERNAL,
                    "uploading f32[2,3] to mock:0: INTERNAL: mock: no callbacks today",
                    () -> buffer.uploaded().await(LIMIT));
        }
    }

    @Test
    void aFailedCompilationTellsWhy() throws Exception {
        try (PjrtClient client = client("fail", "compile")) {
            assertFails(
                    Code.RESOURCE_EXHAUSTED, "mock: no memory to compile", () -> compile(client));
        }
    }

    @Test
    void aCompilationThatExceedsItsLimitGoesOnWithoutItsClient() throws Throwable {
        PjrtClient client = client("fail", "hang-compile");
        assertFails(
                Code.DEADLINE_EXCEEDED,
                "compiling a program of %d bytes did not end within PT0.001S; it cannot be stopped and goes on in the background"
                        .formatted(MockContract.ADD_MODULE.length),
                () -> client.compile(MockContract.ADD_MODULE, ADD, new OneDevice(0), SHORT));
        client.close();
        assertFails(Code.FAILED_PRECONDITION, "is closed", () -> compile(client));
        Thread compiler = compiler();
        // A compilation that began to wait after the first release would miss it.
        while (compiler.isAlive()) {
            mock.release();
            compiler.join(Duration.ofMillis(10));
        }
        // Its result and the client are gone: checked after each test.
    }

    private static Thread compiler() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("pjrt-compiler"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void damagedCompiledProgramsAreRefusedByThePluginIfItChecks() throws Exception {
        try (PjrtClient client = client("events", "inline")) {
            byte[] saved = compile(client).serialize();
            byte[] truncated = Arrays.copyOf(saved, saved.length - 1);
            assertFails(
                    Code.DATA_LOSS,
                    "loading a compiled program: DATA_LOSS: mock: damaged executable",
                    () -> client.load(truncated, ADD, new OneDevice(0)));
        }
    }

    @Test
    void aHandleOfAClosedClientIsNoUse() throws Exception {
        Map<String, Object> options = new HashMap<>();
        options.put("cpu_device_count", 1L);
        PjrtClient client = mock.load().createClient(options);
        PjrtDevice device = client.devices().getFirst();
        client.close();
        try (PjrtClient other = mock.load().createClient(options)) {
            MemorySegment memory = arena.allocate(24);
            assertFails(
                    Code.INVALID_ARGUMENT,
                    "belongs to another client",
                    () -> other.upload(memory, MATRIX, device, HostSemantics.COPY_DURING_CALL));
        }
    }
}
