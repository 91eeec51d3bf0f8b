package io.coxswain.bridge.pjrt.plugins;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;

class PluginStoreTest {
    private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));

    @TempDir private Path folder = Path.of("");

    private PluginStore store(KnownPlugin... known) {
        return new PluginStore(new CacheFolder(folder.resolve("cache")), List.of(known));
    }

    private PluginStore installed() throws Exception {
        var wheel = new TestWheel(folder.resolve("toy.whl"));
        PluginStore store = store(wheel.write());
        try (PluginInstaller installer = PluginInstaller.begin(store)) {
            installer.install(store.known("toy").orElseThrow(), wheel.file, _ -> {});
        }
        return store;
    }

    @Test
    void saysHowToInstallWhatIsKnown() throws Exception {
        assertThatThrownBy(() -> store(TestWheel.plugin("")).find("t"))
                .isInstanceOf(PluginException.class)
                .hasMessage("no runtime 'toy' is installed here: ./coxswain runtime install toy");
        assertThat(store().names()).isEmpty();
    }

    @Test
    void saysWhatThereIsWhereANameIsUnknown() throws Exception {
        PluginStore store = installed();

        assertThatThrownBy(() -> store.find("tpu"))
                .hasMessage(
                        "there is no runtime 'tpu'; expected toy, or the path of a library (with a"
                                + " '/')");
        assertThatThrownBy(() -> store.find("..")).hasMessageContaining("no runtime '..'");
    }

    @Test
    void findsByNameAliasAndPath() throws Exception {
        PluginStore store = installed();

        InstalledPlugin plugin = store.find("toy");
        assertThat(plugin.name()).isEqualTo("toy");
        assertThat(plugin.distribution()).isEqualTo("toy-wheel");
        assertThat(plugin.version()).isEqualTo("1.0");
        assertThat(plugin.sha256()).isEqualTo(Digests.sha256(plugin.library()));
        assertThat(plugin.library()).isAbsolute().hasContent("the library's bytes");
        assertThat(store.find("t")).isEqualTo(plugin);
        assertThat(store.names()).containsExactly("toy");

        InstalledPlugin byPath = store.find(plugin.library().toString());
        assertThat(byPath.managed()).isFalse();
        assertThat(byPath.name()).isEqualTo("toy_plugin.so");
        assertThat(byPath.sha256()).isEqualTo(plugin.sha256());
    }

    @Test
    void refusesPathsThatAreNoFiles() {
        assertThatThrownBy(() -> store().find("./none.so"))
                .hasMessage("there is no plugin " + Path.of("none.so").toAbsolutePath());
        assertThatThrownBy(() -> store().find(folder.toString()))
                .hasMessageContaining("is a folder; expected the file of a library");
    }

    @Test
    void aCacheThatIsNoFolderIsSaidSo() throws IOException {
        Files.createDirectories(folder.resolve("cache"));
        Files.writeString(folder.resolve("cache/plugins"), "a file");

        assertThatThrownBy(() -> store().names())
                .isInstanceOf(PluginException.class)
                .hasMessageContaining("cannot look into " + folder.resolve("cache/plugins"))
                .hasMessageContaining("COXSWAIN_CACHE");
    }

    @Test
    void seesOtherBytesBehindTheSameName() throws Exception {
        PluginStore store = installed();
        InstalledPlugin plugin = store.find("toy");
        Files.writeString(plugin.library(), "THE LIBRARY'S BYTES");

        assertThatThrownBy(() -> store.find("toy"))
                .hasMessageContaining("the runtime 'toy' is damaged: " + plugin.library())
                .hasMessageContaining("not " + plugin.sha256())
                .hasMessageEndingWith("./coxswain runtime install toy --force");
        assertThat(store.recorded("toy")).isEqualTo(plugin);
    }

    @Test
    void readsAllBytesOnDemandOnly() throws Exception {
        PluginStore store = installed();
        InstalledPlugin plugin = store.find("toy");
        FileTime before = Files.getLastModifiedTime(plugin.library());
        Files.writeString(plugin.library(), "THE LIBRARY'S BYTES");
        Files.setLastModifiedTime(plugin.library(), before);

        assertThat(store.find("toy")).isEqualTo(plugin);
        assertThatThrownBy(() -> store.verify(plugin))
                .isInstanceOf(PluginException.class)
                .hasMessageContaining("is damaged");
        // What the full look found is remembered too.
        assertThatThrownBy(() -> store.find("toy")).hasMessageContaining("is damaged");
    }

    @Test
    void aMissingLibraryOrAnUnreadableRecordIsDamage() throws Exception {
        PluginStore store = installed();
        InstalledPlugin plugin = store.find("toy");
        Path record = folder.resolve("cache/plugins/toy/plugin.json");
        Files.delete(plugin.library());

        assertThatThrownBy(() -> store.find("toy")).hasMessageContaining("is damaged");

        for (String broken :
                List.of("", "[]", "{\"library\": 3}", "{} {}", "{\"library\": \"../../x\"}")) {
            Files.writeString(record, broken, StandardCharsets.UTF_8);
            assertThatThrownBy(() -> store.find("toy"))
                    .as(broken)
                    .isInstanceOf(PluginException.class)
                    .hasMessageContaining("the runtime 'toy' is damaged: " + record);
        }
    }

    @Test
    void remembersDigestsBySizeAndTime() throws IOException {
        var digests = new Digests(folder.resolve("digests"));
        Path file = Files.writeString(folder.resolve("file"), "one");
        Files.setLastModifiedTime(file, LONG_AGO);
        String one = digests.of(file);

        Files.writeString(file, "two");
        Files.setLastModifiedTime(file, LONG_AGO);
        assertThat(digests.of(file)).isEqualTo(one);

        Files.setLastModifiedTime(file, FileTime.from(LONG_AGO.toInstant().plusSeconds(1)));
        assertThat(digests.of(file)).isEqualTo(Digests.sha256(file)).isNotEqualTo(one);
    }

    @Test
    void doesNotTrustTheTimeOfAFileThatHasJustChanged() throws IOException {
        var digests = new Digests(folder.resolve("digests"));
        Path file = Files.writeString(folder.resolve("file"), "one");
        String one = digests.of(file);
        FileTime time = Files.getLastModifiedTime(file);

        Files.writeString(file, "two");
        Files.setLastModifiedTime(file, time);

        assertThat(digests.of(file)).isNotEqualTo(one);
    }

    @Test
    void theCacheIsWhereTheUserSays() {
        Path home = Path.of("/home/u");

        assertThat(CacheFolder.of(Map.of(), home).path())
                .isEqualTo(Path.of("/home/u/.cache/coxswain"));
        assertThat(CacheFolder.of(Map.of("XDG_CACHE_HOME", "/x"), home).path())
                .isEqualTo(Path.of("/x/coxswain"));
        assertThat(
                        CacheFolder.of(Map.of("XDG_CACHE_HOME", "/x", "COXSWAIN_CACHE", "/y"), home)
                                .path())
                .isEqualTo(Path.of("/y"));
    }

    @Test
    void knowsThePinnedPlugins() {
        List<KnownPlugin> known = KnownPlugins.all();

        assertThat(known)
                .extracting(KnownPlugin::name)
                .containsExactly("pjrt-cpu", "pjrt-cpu-0.81");
        assertThat(known)
                .allSatisfy(plugin -> {
                    assertThat(plugin.sha256()).matches("[0-9a-f]{64}");
                    assertThat(plugin.library()).endsWith(".so");
                    assertThat(PluginStore.NAME.matcher(plugin.name()).matches()).isTrue();
                });
        assertThat(known.getFirst().answersTo("cpu")).isTrue();
        assertThat(new PluginStore(new CacheFolder(folder)).properName("cpu"))
                .isEqualTo("pjrt-cpu");
    }
}
