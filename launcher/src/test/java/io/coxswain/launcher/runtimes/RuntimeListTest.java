package io.coxswain.launcher.runtimes;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.bridge.pjrt.plugins.CacheFolder;
import io.coxswain.bridge.pjrt.plugins.KnownPlugins;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.Main;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;

@ResourceLock(Resources.SYSTEM_PROPERTIES)
class RuntimeListTest {
    private static final String ABC =
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir private Path folder = Path.of("");

    private PluginStore store() throws IOException {
        return new PluginStore(
                new CacheFolder(folder),
                KnownPlugins.parse(
                        """
                        {"plugins": [{"name": "toy", "aliases": [], "keep": [], "about": "a toy", "package": "toy-wheel", "version": "1.0",
                          "platform": "p", "python": "3.12", "sha256": "00", "library": "toy.so"}]}
                        """));
    }

    private void install(String name, String sha256) throws IOException {
        Path plugin = Files.createDirectories(folder.resolve("plugins").resolve(name));
        Files.writeString(plugin.resolve("toy.so"), "abc");
        Files.writeString(
                plugin.resolve("plugin.json"),
                """
                {"name": "%s", "library": "toy.so", "sha256": "%s", "package": "toy-wheel", "version": "1.0"}
                """
                        .formatted(name, sha256));
    }

    private static PluginProbe.Answer works() {
        return new PluginProbe.Answer("0.115", "cpu", List.of("cpu", "cpu"), "");
    }

    @Test
    void asksWhatIsIntactAndOnlyThat() throws Exception {
        install("good", ABC);
        install("bad", ABC.replace('b', 'c'));
        install("broken", ABC);

        RuntimeList list =
                RuntimeList.of(
                        store(),
                        plugin -> {
                            assertThat(plugin.name()).isNotEqualTo("bad");
                            return plugin.name().equals("good")
                                    ? works()
                                    : PluginProbe.Answer.failed("it ended its process");
                        });

        assertThat(list.table())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("NAME"),
                        line ->
                                assertThat(line)
                                        .startsWith(
                                                "bad     1.0      -         -         3 B  "
                                                        + " damaged")
                                        .contains("the runtime 'bad' is damaged"),
                        line ->
                                assertThat(line)
                                        .startsWith("broken")
                                        .endsWith("unusable  it ended its process"),
                        line ->
                                assertThat(line)
                                        .startsWith(
                                                "good    1.0      0.115     cpu       3 B  "
                                                        + " verified")
                                        .endsWith(folder.resolve("plugins/good/toy.so").toString()),
                        line ->
                                assertThat(line)
                                        .startsWith("toy     1.0")
                                        .endsWith(
                                                "not here  a toy: ./coxswain runtime install toy"));
        JsonNode json = JsonMapper.shared().readTree(list.json()).path("runtimes");
        assertThat(json.path(0).path("remedy").asString())
                .isEqualTo("./coxswain runtime install bad --force");
        assertThat(json.path(2).path("state").asString()).isEqualTo("verified");
        assertThat(json.path(2).path("devices").size()).isEqualTo(2);
    }

    @Test
    void saysHowMuchIsCompiled() throws Exception {
        assertThat(RuntimeList.of(store(), _ -> works()).compiled())
                .isEqualTo("0 compiled programs, 0 B in " + folder.resolve("executables"));
        Path compiled = Files.createDirectories(folder.resolve("executables"));
        Files.write(compiled.resolve("a.pjrt"), new byte[5]);
        Files.write(compiled.resolve("b.pjrt"), new byte[2]);

        RuntimeList list = RuntimeList.of(store(), _ -> works());

        assertThat(list.compiled()).isEqualTo("2 compiled programs, 7 B in " + compiled);
        JsonNode json = JsonMapper.shared().readTree(list.json()).path("compiled");
        assertThat(json.path("programs").asInt()).isEqualTo(2);
        assertThat(json.path("bytes").asInt()).isEqualTo(7);
    }

    @Test
    void pruningLeavesWhatWasUsedLastUnlessAllShallGo() throws Exception {
        String former = System.getProperty(CacheFolder.PROPERTY);
        System.setProperty(CacheFolder.PROPERTY, folder.toString());
        try {
            Path compiled = Files.createDirectories(folder.resolve("executables"));
            for (String name : List.of("a.pjrt", "b.pjrt")) {
                Files.setLastModifiedTime(
                        Files.write(compiled.resolve(name), new byte[5]),
                        FileTime.from(Instant.EPOCH));
            }
            assertThat(Main.execute("runtime", "prune")).isZero();
            try (var left = Files.list(compiled)) {
                assertThat(left).hasSize(1);
            }
            assertThat(Main.execute("runtime", "prune", "--all")).isZero();
            assertThat(compiled).isEmptyDirectory();
        } finally {
            if (former == null) {
                System.clearProperty(CacheFolder.PROPERTY);
            } else {
                System.setProperty(CacheFolder.PROPERTY, former);
            }
        }
    }

    @Test
    void anUnreadableRecordIsDamageToo() throws Exception {
        install("good", ABC);
        Files.writeString(folder.resolve("plugins/good/plugin.json"), "{");

        RuntimeList list = RuntimeList.of(store(), _ -> works());

        assertThat(list.entries().getFirst().state()).isEqualTo(RuntimeList.State.DAMAGED);
    }
}
