package io.coxswain.bridge.pjrt.plugins;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class PluginInstallerTest {
    @TempDir private Path folder = Path.of("");

    private TestWheel wheel = new TestWheel(folder);
    private PluginStore store = new PluginStore(new CacheFolder(folder), List.of());

    @BeforeEach
    void begin() {
        wheel = new TestWheel(folder.resolve("toy.whl"));
        store =
                new PluginStore(
                        new CacheFolder(folder.resolve("cache")), List.of(TestWheel.plugin("")));
    }

    private InstalledPlugin install(KnownPlugin plugin) throws PluginException {
        try (PluginInstaller installer = PluginInstaller.begin(store)) {
            return installer.install(plugin, wheel.file, _ -> {});
        }
    }

    private List<String> files() throws IOException {
        Path plugins = folder.resolve("cache/plugins");
        try (var all = Files.walk(plugins)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> plugins.relativize(file).toString())
                    .map(file -> file.replaceAll("1\\.0-[0-9a-f]{8}", "content"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void keepsTheLibraryAndItsLicences() throws Exception {
        var heard = new ArrayList<Long>();
        KnownPlugin plugin = wheel.write();
        try (PluginInstaller installer = PluginInstaller.begin(store)) {
            installer.install(plugin, wheel.file, heard::add);
        }

        assertThat(files())
                .containsExactly(
                        ".lock",
                        "toy/content/toy-1.0.dist-info/METADATA",
                        "toy/content/toy-1.0.dist-info/licenses/LICENSE",
                        "toy/content/" + TestWheel.LIBRARY,
                        "toy/plugin.json");
        assertThat(heard).containsExactly(19L);
    }

    @Test
    void replacesWhatIsThereAtOnce() throws Exception {
        InstalledPlugin before = install(wheel.write());
        wheel.entries.put(TestWheel.LIBRARY, "newer bytes");

        InstalledPlugin after = install(wheel.write());

        assertThat(after.library()).isNotEqualTo(before.library()).hasContent("newer bytes");
        assertThat(before.library()).doesNotExist();
        assertThat(store.find("toy")).isEqualTo(after);

        // The same once more, since somebody asked for it.
        InstalledPlugin again = install(wheel.write());
        assertThat(again.library()).isNotEqualTo(after.library()).hasContent("newer bytes");
        assertThat(after.library()).doesNotExist();
    }

    @Test
    void refusesAnotherWheel() throws Exception {
        InstalledPlugin before = install(wheel.write());
        KnownPlugin other = TestWheel.plugin("0123456789");

        assertThatThrownBy(() -> install(other))
                .isInstanceOf(PluginException.class)
                .hasMessageContaining(wheel.file + " is not the wheel of toy-wheel 1.0")
                .hasMessageContaining("expected 0123456789");
        assertThatThrownBy(
                        () -> {
                            Files.delete(wheel.file);
                            install(other);
                        })
                .hasMessage("there is no wheel " + wheel.file + " that can be read");
        assertThat(store.find("toy")).isEqualTo(before);
    }

    @Test
    void aWheelThatLacksTheLibraryLeavesTheStoreAsItWas() throws Exception {
        InstalledPlugin before = install(wheel.write());
        List<String> files = files();
        wheel.entries.remove(TestWheel.LIBRARY);
        KnownPlugin without = wheel.write();

        assertThatThrownBy(() -> install(without))
                .hasMessage("the wheel " + wheel.file + " has no " + TestWheel.LIBRARY);
        assertThat(store.find("toy")).isEqualTo(before);
        assertThat(files()).isEqualTo(files);
    }

    @Test
    void whatIsNoZipFileIsSaidSo() throws Exception {
        Files.writeString(wheel.file, "no zip");
        KnownPlugin plugin = TestWheel.plugin(Digests.sha256(wheel.file));

        assertThatThrownBy(() -> install(plugin))
                .isInstanceOf(PluginException.class)
                .hasMessageContaining("the wheel " + wheel.file + " is damaged");
    }

    @Test
    void nothingIsWrittenOutsideOfThePluginsFolder() throws Exception {
        wheel.entries.put("a.dist-info/licenses/../../../../escaped", "out");
        KnownPlugin plugin = wheel.write();

        assertThatThrownBy(() -> install(plugin))
                .isInstanceOf(PluginException.class)
                .hasMessageContaining("an entry that leaves its folder");
        try (var all = Files.walk(folder)) {
            assertThat(all).noneMatch(file -> file.endsWith("escaped"));
        }
        assertThat(store.names()).isEmpty();
    }

    @Test
    void oneAtATime() throws Exception {
        KnownPlugin plugin = wheel.write();
        try (PluginInstaller first = PluginInstaller.begin(store)) {
            assertThatThrownBy(() -> PluginInstaller.begin(store))
                    .isInstanceOf(PluginException.class)
                    .hasMessageContaining(
                            "another process ("
                                    + ProcessHandle.current().pid()
                                    + ") is installing or removing a runtime");
            first.install(plugin, wheel.file, _ -> {});
        }
        assertThat(install(plugin).name()).isEqualTo("toy");
    }

    @Test
    void sweepsWhatAKilledInstallerLeft() throws Exception {
        KnownPlugin plugin = wheel.write();
        InstalledPlugin installed = install(plugin);
        List<String> clean = files();
        Path plugins = folder.resolve("cache/plugins");
        Files.createDirectories(plugins.resolve(".work-1"));
        Files.writeString(plugins.resolve(".work-1/half.whl"), "half");
        Files.createDirectories(plugins.resolve("toy/content-1"));
        Files.writeString(plugins.resolve("toy/content-1/half.so"), "half");
        Files.createDirectories(plugins.resolve("other/content-2/deep"));

        PluginInstaller.begin(store).close();

        assertThat(files()).isEqualTo(clean);
        assertThat(plugins.resolve(".work-1")).doesNotExist();
        assertThat(plugins.resolve("other/content-2")).doesNotExist();
        assertThat(store.find("toy")).isEqualTo(installed);
    }

    @Test
    void theWorkFolderGoesWithTheInstaller() throws Exception {
        PluginInstaller installer = PluginInstaller.begin(store);
        Path work = installer.workFolder();
        Files.writeString(work.resolve("half.whl"), "half");
        installer.close();
        installer.close();

        assertThat(work).doesNotExist();
    }

    @Test
    void removesUnderAnyNameAndEvenIfDamaged() throws Exception {
        install(wheel.write());
        Files.writeString(folder.resolve("cache/plugins/toy/plugin.json"), "broken");
        try (PluginInstaller installer = PluginInstaller.begin(store)) {
            assertThat(installer.remove("t")).isTrue();
            assertThat(installer.remove("t")).isFalse();
            assertThatThrownBy(() -> installer.remove("../cache"))
                    .isInstanceOf(PluginException.class)
                    .hasMessage("'../cache' is no name of a runtime");
        }
        assertThat(folder.resolve("cache/plugins/toy")).doesNotExist();
    }

    @Test
    void aCacheThatCannotBeMadeIsSaidSo() throws Exception {
        Files.writeString(folder.resolve("cache"), "a file");

        assertThatThrownBy(() -> PluginInstaller.begin(store))
                .isInstanceOf(PluginException.class)
                .hasMessageContaining("cannot write to " + folder.resolve("cache/plugins"))
                .hasMessageContaining("COXSWAIN_CACHE");
    }
}
