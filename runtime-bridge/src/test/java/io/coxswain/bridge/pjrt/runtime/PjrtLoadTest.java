package io.coxswain.bridge.pjrt.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.data.Sha256;
import io.coxswain.bridge.pjrt.bundle.TestBundle;
import io.coxswain.bridge.pjrt.plugins.CacheFolder;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.StateOrigin;
import io.coxswain.bridge.spi.TrainingJob;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Loading on a real plugin: what is refused, and what the cache of compiled programs does. */
@Isolated("sets a system property")
class PjrtLoadTest {
    @TempDir Path folder;
    private Path data;
    private Path bundle;
    private @Nullable String formerCache;

    @BeforeEach
    void prepare() throws IOException {
        data = TestBundle.data(folder.resolve("data.safetensors"));
        bundle = TestBundle.pair(folder.resolve("bundle"));
        formerCache = System.getProperty(CacheFolder.PROPERTY);
    }

    @AfterEach
    void restoreProperty() {
        if (formerCache == null) {
            System.clearProperty(CacheFolder.PROPERTY);
        } else {
            System.setProperty(CacheFolder.PROPERTY, formerCache);
        }
    }

    private TrainingJob job(int shards, int batch, int microshards, String section) {
        return new TrainingJob(
                "job-1", 1, shards, 100, 7, data.toString(), batch, microshards, section);
    }

    private static String section(Path bundle) {
        return PjrtTestPlugin.section(bundle, 1, false, false);
    }

    private static void assertRefused(TrainingJob job, String... expected) {
        PjrtRuntime runtime = new PjrtRuntime();
        try {
            assertThatThrownBy(() -> runtime.load(job))
                    .isInstanceOfSatisfying(
                            RuntimeFault.class,
                            fault ->
                                    assertThat(fault.code())
                                            .isEqualTo(RuntimeFault.Code.PROGRAM_INVALID))
                    .message()
                    .contains(expected);
        } finally {
            runtime.close();
        }
    }

    @Test
    void aJobThatTheBundleIsNotForIsRefused() throws IOException {
        assertRefused(job(1, 12, 3, section(bundle)), "`batch` is 12", "`batch: 8`");
        assertRefused(job(1, 8, 4, section(bundle)), "`microshards` is 4", "`microshards: 2`");
        assertRefused(
                job(3, 8, 2, section(bundle)), "`mesh.shards` is 3", "[1, 2]", "`--shards 3`");
        Path fused = TestBundle.fused(folder.resolve("fused"));
        assertRefused(job(1, 8, 2, section(fused)), "fused step", "`microshards: 1`");
        Path elsewhere = TestBundle.pair(folder.resolve("tpu"));
        Path manifest = elsewhere.resolve("bundle.json");
        Files.writeString(manifest, Files.readString(manifest).replace("[\"cpu\"]", "[\"tpu\"]"));
        assertRefused(
                job(1, 8, 2, section(elsewhere)), "platform cpu", "[tpu]", "`--platform cpu`");
    }

    @Test
    void devicesAndPluginsThatAreNotThereAreRefused() throws IOException {
        String two = section(bundle).replace("\"devices\": 1", "\"devices\": 2");
        assertRefused(
                job(1, 8, 2, two), "`runtime.devices` is 2", "has 1 here", "cpu_device_count");
        String none =
                section(bundle).replace(PjrtTestPlugin.cpu(), folder.resolve("none.so").toString());
        assertRefused(job(1, 8, 2, none), "`runtime.plugin`", "none.so");
        Path text = Files.writeString(folder.resolve("text.so"), "no library");
        String wrong = section(bundle).replace(PjrtTestPlugin.cpu(), text.toString());
        assertRefused(job(1, 8, 2, wrong), "`runtime.plugin`", "text.so");
        String option =
                section(bundle).replace("{\"cpu_device_count\": 1}", "{\"cpu_device_count\": 0}");
        assertRefused(job(1, 8, 2, option), "cpu_device_count", "at least 1");
    }

    @Test
    void aProgramThatThePluginRefusesIsNamed() throws IOException {
        Path file = bundle.resolve("grads.mlir");
        String module =
                Files.readString(file).replace("stablehlo.multiply %b", "stablehlo.mult %b");
        rewrite("grads.mlir", module);
        assertRefused(job(1, 8, 2, section(bundle)), "refuses program grads", "grads.mlir");
    }

    @Test
    void aProgramWithOtherResultsThanTheManifestSaysIsRefused() throws IOException {
        rewrite(
                "grads.mlir",
                Files.readString(bundle.resolve("grads.mlir"))
                        .replace(
                                "return %s, %gb, %gw : tensor<f32>",
                                "return %t, %gb, %gw : tensor<i32>")
                        .replace("-> (tensor<f32>,", "-> (tensor<i32>,")
                        .replace(
                                "    %gw =",
                                "    %t = stablehlo.convert %s : (tensor<f32>) -> tensor<i32>\n"
                                        + "    %gw ="));
        assertRefused(job(1, 8, 2, section(bundle)), "grads", "result 0", "f32[]");
    }

    @Test
    void aCompilationThatTakesTooLongIsGivenUp() {
        String hasty =
                section(bundle).replace("\"donate\"", "\"compileLimitMillis\": 1, \"donate\"");
        assertRefused(job(1, 8, 2, hasty), "program grads took more than", "compileLimit");
    }

    private void rewrite(String name, String module) throws IOException {
        Path file = bundle.resolve(name);
        Path manifest = bundle.resolve("bundle.json");
        String text = Files.readString(manifest);
        String old = identity(Files.readAllBytes(file));
        Files.writeString(file, module);
        assertThat(text).contains(old);
        Files.writeString(manifest, text.replace(old, identity(Files.readAllBytes(file))));
    }

    private static String identity(byte[] bytes) {
        return "\"bytes\": %d, \"sha256\": \"%s\"".formatted(bytes.length, Sha256.hex(bytes));
    }

    @Test
    void compiledProgramsAreKeptUsedAndReplacedWhenDamaged() throws IOException, RuntimeFault {
        System.setProperty(CacheFolder.PROPERTY, folder.resolve("cache").toString());
        String digest = run();
        Map<Path, Object> first = files();
        assertThat(first).hasSize(3);

        // A hit notes the time of its use, for the pruning; the file stays the same one.
        Map<Path, Object> written = inodes();
        assertThat(run()).isEqualTo(digest);
        assertThat(inodes()).as("a hit writes nothing").isEqualTo(written);
        first = files();

        for (Path file : first.keySet()) {
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length / 2] ^= 1;
            Files.write(file, bytes);
        }
        assertThat(run()).isEqualTo(digest);
        Map<Path, Object> second = files();
        assertThat(second.keySet()).isEqualTo(first.keySet());
        assertThat(second.values()).doesNotContainAnyElementsOf(first.values());

        // Intact files whose program is no program.
        ExecutableCache cache = new ExecutableCache(CacheFolder.ofThisProcess().executables());
        for (Path file : second.keySet()) {
            cache.write(
                    file.getFileName().toString().replace(".pjrt", ""),
                    "no program at all, though its digest is right"
                            .getBytes(StandardCharsets.UTF_8));
        }
        Map<Path, Object> third = files();
        assertThat(run()).isEqualTo(digest);
        assertThat(files().values()).doesNotContainAnyElementsOf(third.values());
    }

    /** The programs of a mesh with two shards are compiled ahead by a warm-up. */
    @Test
    void aWarmUpCompilesThePartsOfAllRanks() throws IOException, RuntimeFault {
        System.setProperty(CacheFolder.PROPERTY, folder.resolve("cache").toString());
        PjrtRuntime runtime = new PjrtRuntime();
        try {
            var _ = runtime.load(job(2, 8, 2, PjrtTestPlugin.section(bundle, 1, false, true)));
            assertThat(files()).hasSize(1);
            runtime.warmUp(TestRank.never());
            assertThat(files()).hasSize(4);
        } finally {
            runtime.close();
        }
    }

    private String run() throws IOException, RuntimeFault {
        String section = PjrtTestPlugin.section(bundle, 1, false, true);
        try (TestRank rank = new TestRank(folder, job(1, 8, 2, section))) {
            rank.runtime.warmUp(TestRank.never());
            rank.take(0, new StateOrigin.Initial(), false);
            rank.steps(1, 2);
            return rank.digest();
        }
    }

    private static Map<Path, Object> inodes() throws IOException {
        Map<Path, Object> inodes = new TreeMap<>();
        try (var found = Files.list(CacheFolder.ofThisProcess().executables())) {
            for (Path file : (Iterable<Path>) found::iterator) {
                inodes.put(file, Files.getAttribute(file, "unix:ino"));
            }
        }
        return inodes;
    }

    /** Inode and time of each: an inode alone may be given again to another file. */
    private static Map<Path, Object> files() throws IOException {
        Map<Path, Object> files = inodes();
        for (var file : files.entrySet()) {
            file.setValue(List.of(file.getValue(), Files.getLastModifiedTime(file.getKey())));
        }
        return files;
    }
}
