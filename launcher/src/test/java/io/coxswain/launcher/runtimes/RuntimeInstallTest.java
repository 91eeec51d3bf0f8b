package io.coxswain.launcher.runtimes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.pjrt.plugins.CacheFolder;
import io.coxswain.bridge.pjrt.plugins.KnownPlugin;
import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginInstaller;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.console.Terminal;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

class RuntimeInstallTest {
    private static final String LIBRARY = "toy/toy_plugin.so";

    @TempDir private Path folder = Path.of("");
    @TempDir private Path scripts = Path.of("");

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private String platform = "";

    @BeforeEach
    void lookAtThisMachine() {
        String arch = System.getProperty("os.arch", "");
        platform = "manylinux_2_27_" + (arch.equals("amd64") ? "x86_64" : arch);
    }

    private Path wheel(String library) throws IOException {
        Path file = scripts.resolve("toy.whl");
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry(LIBRARY));
            zip.write(library.getBytes(StandardCharsets.UTF_8));
        }
        return file;
    }

    private PluginStore store(Path wheel) throws IOException, NoSuchAlgorithmException {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(wheel));
        return new PluginStore(
                new CacheFolder(folder.resolve("cache")),
                List.of(
                        new KnownPlugin(
                                "toy",
                                List.of("t"),
                                "a toy",
                                "toy-wheel",
                                "1.0",
                                platform,
                                "3.12",
                                HexFormat.of().formatHex(digest),
                                1_000,
                                LIBRARY,
                                List.of())));
    }

    private void install(
            PluginStore store, Map<String, String> environment, boolean force, @Nullable Path wheel)
            throws EnvironmentException, PluginException, InterruptedException {
        var terminal = new Terminal(new PrintStream(out, true, StandardCharsets.UTF_8), false);
        new RuntimeInstall(store, environment, terminal).run("t", force, wheel);
    }

    private List<String> said() {
        List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        out.reset();
        return lines;
    }

    @Test
    void fetchesThePinnedWheelWithPip() throws Exception {
        var python = new FakePython(scripts);
        PluginStore store = store(wheel("bytes"));

        install(store, python.environment(), false, null);

        Path library = store.find("toy").library();
        assertThat(library).hasContent("bytes");
        assertThat(said())
                .containsExactly(
                        "fetching toy-wheel 1.0 (1.0 kB) with "
                                + scripts.resolve("python")
                                + " -m pip",
                        "installed toy 1.0: " + library);
        assertThat(python.read("requirements"))
                .isEqualTo(
                        "toy-wheel==1.0 --hash=sha256:" + store.known().getFirst().sha256() + "\n");
        assertThat(python.read("calls"))
                .contains("download --no-deps --only-binary=:all: --require-hashes")
                .contains("--python-version=3.12 --platform=" + platform);
        // Nothing of pip's is left, wherever it put it.
        Path work = Path.of(python.read("tmpdir").strip());
        assertThat(work).doesNotExist();
        assertThat(work.getParent()).isEqualTo(folder.resolve("cache/plugins"));
    }

    @Test
    void doesNothingIfItIsThereAndIntact() throws Exception {
        var python = new FakePython(scripts);
        PluginStore store = store(wheel("bytes"));
        install(store, python.environment(), false, null);
        Path library = store.find("toy").library();
        String calls = python.read("calls");
        said();

        install(store, python.environment(), false, null);

        assertThat(said()).containsExactly("toy 1.0 is installed already: " + library);
        assertThat(python.read("calls")).isEqualTo(calls);

        install(store, python.environment(), true, null);

        assertThat(python.read("calls")).isNotEqualTo(calls);
        assertThat(store.find("toy").library()).isNotEqualTo(library);
    }

    @Test
    void repairsWhatIsDamaged() throws Exception {
        var python = new FakePython(scripts);
        PluginStore store = store(wheel("bytes"));
        install(store, python.environment(), false, null);
        Files.writeString(store.find("toy").library(), "BYTES");
        said();

        install(store, python.environment(), false, null);

        assertThat(said()).first().asString().contains("is damaged, so it is installed anew");
        assertThat(store.find("toy").library()).hasContent("bytes");
    }

    @Test
    void replacesAnotherVersion() throws Exception {
        var python = new FakePython(scripts);
        PluginStore store = store(wheel("bytes"));
        install(store, python.environment(), false, null);
        Path record = folder.resolve("cache/plugins/toy/plugin.json");
        Files.writeString(record, Files.readString(record).replace("1.0\"}", "0.9\"}"));
        said();

        install(store, python.environment(), false, null);

        assertThat(said()).contains("toy-wheel 1.0 replaces toy-wheel 0.9");
        assertThat(store.find("toy").version()).isEqualTo("1.0");
    }

    @Test
    void saysWhatPipSaidWhenItFails() throws Exception {
        var python = new FakePython(scripts);
        PluginStore store = store(wheel("bytes"));
        Files.writeString(
                scripts.resolve("fail"), "1\n2\n3\n4\n5\n6\nERROR: no route to the index\n");

        assertThatThrownBy(() -> install(store, python.environment(), false, null))
                .isInstanceOf(EnvironmentException.class)
                .hasMessage(
                        "pip could not fetch toy-wheel 1.0 (status 1):\n"
                                + "  2\n  3\n  4\n  5\n  6\n  ERROR: no route to the index");
        assertThat(store.names()).isEmpty();

        Files.delete(scripts.resolve("fail"));
        Files.delete(scripts.resolve("toy.whl"));
        assertThatThrownBy(() -> install(store, python.environment(), false, null))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("there is no wheel");
    }

    @Test
    void withoutPipAFileDoes() throws Exception {
        var python = new FakePython(scripts);
        Files.writeString(scripts.resolve("no-pip"), "");
        Path wheel = wheel("bytes");
        PluginStore store = store(wheel);

        assertThatThrownBy(() -> install(store, python.environment(), false, null))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining(
                        "no pip was found (tried " + scripts.resolve("python") + " -m pip)")
                .hasMessageContaining("name a Python that has it with COXSWAIN_PYTHON")
                .hasMessageContaining("./coxswain runtime install toy --wheel FILE")
                .hasMessageContaining(store.known().getFirst().sha256());

        install(store, python.environment(), false, wheel);

        assertThat(store.find("toy").library()).hasContent("bytes");
        assertThat(Pip.candidates(Map.of()))
                .containsExactly(
                        List.of("python3", "-m", "pip"),
                        List.of("python", "-m", "pip"),
                        List.of("pip3"),
                        List.of("pip"));
    }

    @Test
    void refusesAnotherWheelThanThePinnedOne() throws Exception {
        PluginStore store = store(wheel("bytes"));
        Path other = wheel("other bytes");

        assertThatThrownBy(() -> install(store, Map.of(), false, other))
                .isInstanceOf(PluginException.class)
                .hasMessageContaining(other + " is not the wheel of toy-wheel 1.0");
        assertThat(store.names()).isEmpty();
    }

    @Test
    void leavesTheStoreToWhoeverHasIt() throws Exception {
        Path wheel = wheel("bytes");
        PluginStore store = store(wheel);
        try (var _ = PluginInstaller.begin(store)) {
            assertThatThrownBy(() -> install(store, Map.of(), false, wheel))
                    .isInstanceOf(EnvironmentException.class)
                    .hasMessageContaining("is installing or removing a runtime");
        }
    }

    @Test
    void machineCodeIsForOneMachine() throws Exception {
        platform = "manylinux_2_27_s390x";
        Path wheel = wheel("bytes");

        assertThatThrownBy(() -> install(store(wheel), Map.of(), false, wheel))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("toy 1.0 is made for manylinux_2_27_s390x; this machine is");
    }
}
