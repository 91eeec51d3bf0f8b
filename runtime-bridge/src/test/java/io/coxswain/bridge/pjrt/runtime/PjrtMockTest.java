package io.coxswain.bridge.pjrt.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.pjrt.bundle.ProgramBundle;
import io.coxswain.bridge.pjrt.bundle.TestTensors;
import io.coxswain.bridge.pjrt.client.MockPlugin;
import io.coxswain.bridge.pjrt.plugins.CacheFolder;
import io.coxswain.bridge.spi.ExecuteOutcome;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.StateOrigin;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The runtime on the mock plugin, which plays late and failing events and counts what is left
 * behind. Its platform is no CPU, so nothing is used in place.
 */
@Isolated("sets a system property")
class PjrtMockTest {
    private static final StateOrigin INITIAL = new StateOrigin.Initial();
    private static final StateOrigin LIVE = new StateOrigin.Live();
    private static final String GRADS =
            """
            arguments 3
            result copy 0 as 11
            result add 0 0 as 11
            result add 1 1 as 11 20
            end
            """;
    private static final String APPLY =
            """
            arguments 5
            result add 0 3 as 11
            result add 1 4 as 11 20
            result copy 2 as 4
            alias 0 0
            alias 1 1
            alias 2 2
            end
            """;
    private static final String SCALAR =
            "{\"role\": \"%s\", \"leaf\": 0, \"dtype\": \"f32\", \"shape\": []}";
    private static final String VECTOR =
            "{\"role\": \"%s\", \"leaf\": 1, \"dtype\": \"f32\", \"shape\": [20]}";
    private static final String COUNT =
            "{\"role\": \"optimizer\", \"leaf\": 0, \"dtype\": \"i32\", \"shape\": []}";
    private static final String BATCH =
            "{\"role\": \"batch\", \"leaf\": 0, \"dtype\": \"f32\", \"shape\": [4]}";
    private static final String LOSS = "{\"role\": \"loss\", \"dtype\": \"f32\", \"shape\": []}";

    @TempDir Path folder;
    private @Nullable String formerCache;
    private Path bundle;
    private Path data;
    private MockPlugin mock;

    @BeforeEach
    void prepare() throws IOException, InterruptedException {
        formerCache = System.getProperty(CacheFolder.PROPERTY);
        System.setProperty(CacheFolder.PROPERTY, folder.resolve("cache").toString());
        mock = MockPlugin.compiled("-DMOCK_MINOR=115");
        bundle = writeBundle();
        data =
                new TestTensors()
                        .floats("train.x", List.of(9L), 1, 2, 3, 4, 5, 6, 7, 8, 9)
                        .write(folder.resolve("data.safetensors"));
    }

    @AfterEach
    void restoreProperty() {
        if (formerCache == null) {
            System.clearProperty(CacheFolder.PROPERTY);
        } else {
            System.setProperty(CacheFolder.PROPERTY, formerCache);
        }
    }

    private Path writeBundle() throws IOException {
        Path own = Files.createDirectories(folder.resolve("bundle"));
        String state = SCALAR.formatted("parameter") + ", " + VECTOR.formatted("parameter");
        String gradients = SCALAR.formatted("gradient") + ", " + VECTOR.formatted("gradient");
        Path initial =
                new TestTensors()
                        .floats("parameters/['s']", List.of(), 0.5f)
                        .floats("parameters/['w']", List.of(20L), new float[20])
                        .add("optimizer/['t']", "I32", List.of(), new byte[4])
                        .write(own.resolve("initial.safetensors"));
        Files.writeString(
                own.resolve(ProgramBundle.MANIFEST),
                """
                {"format": "coxswain-bundle", "version": 1, "name": "mock", "platforms": ["mock"],
                 "batch": 8, "microshardSamples": 4,
                 "parameters": [{"path": "['s']", "dtype": "f32", "shape": [], "begin": 0},
                                {"path": "['w']", "dtype": "f32", "shape": [20], "begin": 16}],
                 "parameterElements": 48,
                 "optimizer": [{"path": "['t']", "dtype": "i32", "shape": [], "like": null}],
                 "batchArrays": [{"path": "['x']", "array": "x", "dtype": "f32", "shape": [4]}],
                 "programs": {
                  "grads": {%s, "arguments": [%s, %s], "kept": [0, 1, 2], "donated": [], "results": [%s, %s]},
                  "apply": [{"shards": 1, "shard": 0, "begin": 0, "end": 48, %s,
                    "arguments": [%s, %s, %s], "kept": [0, 1, 2, 3, 4], "donated": [0, 1, 2], "results": [%s, %s]}]},
                 "initial": {%s}}
                """
                        .formatted(
                                file(Files.writeString(own.resolve("grads.mlir"), GRADS)),
                                state,
                                BATCH,
                                LOSS,
                                gradients,
                                file(Files.writeString(own.resolve("apply.mlir"), APPLY)),
                                state,
                                COUNT,
                                gradients,
                                state,
                                COUNT,
                                file(initial)));
        return own;
    }

    private static String file(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        return "\"file\": \"%s\", \"bytes\": %d, \"sha256\": \"%s\""
                .formatted(file.getFileName(), bytes.length, Sha256.hex(bytes));
    }

    private TestRank rank(String options, int devices, boolean donate)
            throws IOException, RuntimeFault {
        return new TestRank(
                folder,
                TestRank.job(
                        data,
                        2,
                        """
                        {"bundle": "%s", "plugin": "%s", "devices": %d, "donate": %b,
                         "createOptions": {"cpu_device_count": %d, %s}}\
                        """
                                .formatted(
                                        bundle,
                                        mock.library(),
                                        devices,
                                        donate,
                                        devices,
                                        options)));
    }

    private static String live(TestRank rank) throws IOException, RuntimeFault {
        rank.runtime.warmUp(TestRank.never());
        rank.take(0, INITIAL, false);
        rank.steps(1, 3);
        TestRank.Snapshot snapshot = rank.capture(3, 0);
        rank.steps(4, 5);
        StateOrigin.Stored stored = snapshot.complete();
        for (int questions = 0; questions < 12; questions++) {
            var _ = rank.runtime.execute(6, TestRank.afterQuestions(questions));
            rank.take(5, LIVE, false);
        }
        rank.take(3, stored, false);
        rank.steps(4, 6);
        rank.take(6, LIVE, true);
        assertThat(rank.evaluate(6).heldOutLoss()).isNaN();
        return rank.digest();
    }

    @ParameterizedTest
    @CsvSource({
        "inline, 1, false",
        "inline, 3, true",
        "thread, 1, true",
        "thread, 2, false",
        "thread, 2, true",
    })
    void aLifeLeavesNothingBehind(String events, int devices, boolean donate) throws Throwable {
        String options = "\"events\": \"%s\"".formatted(events);
        try (TestRank rank = rank(options, devices, donate)) {
            // s and w double with each microshard: s(6) = 0.5 · 5^6, whatever the events did.
            assertThat(live(rank)).contains("parameters/['s']");
            float[] s = new float[1];
            rank.region.parameters().read(0, s, 0, 1);
            assertThat(s[0]).isEqualTo(0.5f * (float) Math.pow(5, 6));
        }
        mock.assertClean();
    }

    @Test
    void anAbortNeedsNoEventToReturn() throws Throwable {
        ReentrantLock releasing = new ReentrantLock(true);
        AtomicBoolean ended = new AtomicBoolean();
        Thread releaser =
                Thread.ofPlatform()
                        .daemon()
                        .start(() -> {
                            while (!ended.get()) {
                                releasing.lock();
                                try {
                                    release();
                                } finally {
                                    releasing.unlock();
                                }
                                Thread.onSpinWait();
                            }
                        });
        try (TestRank rank = rank("\"events\": \"held\"", 2, false)) {
            rank.take(0, INITIAL, false);
            rank.steps(1, 1);
            ExecuteOutcome outcome;
            // Meanwhile no event fires.
            releasing.lock();
            try {
                outcome = rank.runtime.execute(2, TestRank.afterQuestions(9));
            } finally {
                releasing.unlock();
            }
            assertThat(outcome).isInstanceOf(ExecuteOutcome.Aborted.class);
            rank.take(1, LIVE, true);
            rank.steps(2, 3);
        }
        ended.set(true);
        releaser.join();
        mock.assertClean();
    }

    /** Two processes of a job, whose clients the mock lets meet through the view's store. */
    private TestRank joined() throws IOException, RuntimeFault {
        TestRank rank =
                new TestRank(
                        folder,
                        TestRank.job(
                                data,
                                2,
                                2,
                                """
                                {"bundle": "%s", "plugin": "%s", "multiProcess": true,
                                 "createOptions": {"kv_node": "{rank}", "kv_of": "{ranks}"}}\
                                """
                                        .formatted(bundle, mock.library())));
        rank.stores = this::view;
        return rank;
    }

    private final Map<Long, MemoryStore> views = new ConcurrentHashMap<>();

    private MemoryStore view(long epoch) {
        return views.computeIfAbsent(epoch, _ -> new MemoryStore());
    }

    private static void both(
            TestRank first, TestRank second, long baseStep, StateOrigin one, StateOrigin other)
            throws Exception {
        CompletableFuture<String> taken = new CompletableFuture<>();
        Thread.ofPlatform()
                .start(() -> {
                    try {
                        second.takeInNextView(1, baseStep, other);
                        taken.complete("taken");
                    } catch (Throwable e) {
                        taken.completeExceptionally(e);
                    }
                });
        first.takeInNextView(0, baseStep, one);
        assertThat(taken.get()).isEqualTo("taken");
    }

    @Test
    void theClientsOfAViewsRanksMeetAnewInEachView() throws Throwable {
        try (TestRank first = joined();
                TestRank second = joined()) {
            // A spare is warm before it knows any rank.
            second.runtime.warmUp(TestRank.never());
            both(first, second, 0, INITIAL, INITIAL);
            assertThat(view(2).tryGet("node/1")).isPresent();
            first.steps(1, 2);
            second.steps(1, 2);
            String before = first.digest();
            StateOrigin.Stored stored = first.capture(2, 0).complete();

            both(first, second, 2, LIVE, stored);

            assertThat(view(3).tryGet("node/0")).isPresent();
            assertThat(first.digest()).isEqualTo(before);
            assertThat(second.digest()).isEqualTo(before);
            first.steps(3, 4);
        }
        mock.assertClean();
    }

    @Test
    void whoMeetsNobodyIsToldWhyAndTakesTheNextView() throws Throwable {
        try (TestRank first = joined();
                TestRank second = joined()) {
            both(first, second, 0, INITIAL, INITIAL);
            StateOrigin.Stored stored = first.capture(0, 0).complete();
            view(3).end("node/1");

            assertThatThrownBy(() -> first.takeInNextView(0, 0, LIVE))
                    .isInstanceOfSatisfying(
                            RuntimeFault.class,
                            fault -> assertThat(fault.code()).isEqualTo(RuntimeFault.Code.INTERNAL))
                    .hasMessageContaining("rank 0 of 2 cannot join the other ranks' clients")
                    .hasMessageContaining("epoch_over");
            assertThatThrownBy(() -> second.takeInNextView(1, 0, LIVE))
                    .hasMessageContaining("epoch_over");

            both(first, second, 0, stored, INITIAL);
            first.steps(1, 1);
        }
        mock.assertClean();
    }

    private void release() {
        try {
            mock.release();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "compile, OUT_OF_MEMORY, compiling program grads",
        "upload, OUT_OF_MEMORY, taking shard 0 at step 0",
        "read, INTERNAL, taking shard 0 at step 0",
        "execute, OUT_OF_MEMORY, step 1",
        "event, INTERNAL, step 1",
    })
    void failuresAreTold(String fail, RuntimeFault.Code code, String message) throws Throwable {
        assertThatThrownBy(
                        () -> {
                            try (TestRank rank =
                                    rank(
                                            "\"events\": \"thread\", \"fail\": \"%s\""
                                                    .formatted(fail),
                                            2,
                                            false)) {
                                rank.take(0, INITIAL, false);
                                var _ = rank.execute(1);
                            }
                        })
                .isInstanceOfSatisfying(
                        RuntimeFault.class, fault -> assertThat(fault.code()).isEqualTo(code))
                .hasMessageContaining(message)
                .hasMessageContaining("mock: ");
        mock.assertClean();
    }

    @Test
    void aStepThatFailedLeavesTheStateAndCanBeTriedAgain() throws Throwable {
        try (TestRank rank = rank("\"fail\": \"event\"", 1, false)) {
            rank.take(0, INITIAL, false);
            String before = rank.digest();
            assertThatThrownBy(() -> rank.execute(1)).isInstanceOf(RuntimeFault.class);
            assertThat(rank.digest()).isEqualTo(before);
            rank.take(0, LIVE, true);
            assertThatThrownBy(() -> rank.runtime.apply(1)).isInstanceOf(RuntimeFault.class);
            assertThatThrownBy(() -> rank.take(1, LIVE, false)).hasMessageContaining("no live");
        }
        mock.assertClean();
    }
}
