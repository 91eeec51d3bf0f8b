package io.coxswain.bridge.pjrt.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.ViewStore;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

class PjrtConfigTest {
    @Test
    void everythingThatIsGivenIsRead() throws RuntimeFault {
        PjrtConfig config =
                PjrtConfig.parse(
                        """
                        {"kind": "pjrt", "bundle": "/jobs/digits", "plugin": "cpu", "devices": 3,
                         "createOptions": {"cpu_device_count": 4, "share": 0.5, "name": "x", "on": true, "ids": [1, 2]},
                         "donate": true, "compileLimitMillis": 5000, "cache": false, "multiProcess": true, "minStepMillis": 7}\
                        """);
        assertThat(config.bundle()).isEqualTo(Path.of("/jobs/digits"));
        assertThat(config.plugin()).isEqualTo("cpu");
        assertThat(config.devices()).isEqualTo(3);
        assertThat(config.createOptions())
                .containsEntry("cpu_device_count", 4L)
                .containsEntry("share", 0.5f)
                .containsEntry("name", "x")
                .containsEntry("on", true)
                .containsEntry("ids", new long[] {1, 2});
        assertThat(config.donate()).isTrue();
        assertThat(config.compileLimit()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.cache()).isFalse();
        assertThat(config.multiProcess()).isTrue();
        assertThat(config.minStep()).isEqualTo(Duration.ofMillis(7));
    }

    @Test
    void theDefaults() throws RuntimeFault {
        PjrtConfig config = PjrtConfig.parse("{\"bundle\": \"/b\", \"plugin\": \"cpu\"}");
        assertThat(config)
                .isEqualTo(
                        new PjrtConfig(
                                Path.of("/b"),
                                "cpu",
                                1,
                                Map.of(),
                                false,
                                Duration.ofMinutes(10),
                                true,
                                false,
                                Duration.ZERO));
    }

    @Test
    void aHostsOptionsLieOverTheJobs() throws RuntimeFault {
        PjrtConfig config =
                PjrtConfig.parse(
                        "{\"bundle\": \"/b\", \"plugin\": \"cpu\", \"createOptions\": {\"a\": 1,"
                                + " \"b\": 2}}");
        assertThat(config.createOptions("{\"b\": 3, \"c\": [4]}", null))
                .containsEntry("a", 1L)
                .containsEntry("b", 3L)
                .containsEntry("c", new long[] {4});
        assertThatThrownBy(() -> config.createOptions("{\"b\": null}", null))
                .hasMessageContaining("createOptions of this host.b");
    }

    @Test
    void aNodesPlaceIsInItsOptions() throws RuntimeFault {
        Node node = new Node(1, 3, ViewStore.none());
        PjrtConfig usual =
                PjrtConfig.parse(
                        "{\"bundle\": \"/b\", \"plugin\": \"gpu\", \"multiProcess\": true}");
        assertThat(usual.createOptions("{}", node))
                .isEqualTo(Map.of("node_id", 1L, "num_nodes", 3L));
        assertThat(usual.createOptions("{\"node_id\": 2}", node)).containsEntry("node_id", 2L);
        assertThat(usual.createOptions("{}", null)).isEmpty();

        PjrtConfig named =
                PjrtConfig.parse(
                        "{\"bundle\": \"/b\", \"plugin\": \"gpu\", \"multiProcess\": true,"
                                + " \"createOptions\": {\"me\": \"{rank}\", \"of\": \"{ranks}\"}}");
        assertThat(named.createOptions("{\"x\": 1}", node))
                .isEqualTo(Map.of("me", 1L, "of", 3L, "x", 1L));
        assertThat(named.createOptions("{}", null)).isEmpty();

        PjrtConfig alone =
                PjrtConfig.parse(
                        "{\"bundle\": \"/b\", \"plugin\": \"gpu\", \"createOptions\": {\"me\":"
                                + " \"{rank}\"}}");
        assertThatThrownBy(() -> alone.createOptions("{}", null))
                .hasMessageContaining("`runtime.createOptions.me`")
                .hasMessageContaining("multiProcess: true");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "{\"plugin\": \"cpu\"} | runtime.bundle | a text",
                "{\"bundle\": \"b\", \"plugin\": \"cpu\"} | runtime.bundle | absolute",
                "{\"bundle\": \"/b\"} | runtime.plugin | a text",
                "{\"bundle\": \"/b\", \"plugin\": \"\"} | runtime.plugin | a text",
                "{\"bundle\": \"/b\", \"plugin\": \"cpu\", \"devices\": 0} | runtime.devices | from"
                        + " 1",
                "{\"bundle\": \"/b\", \"plugin\": \"cpu\", \"createOptions\": {\"a\": null}} |"
                        + " runtime.createOptions.a | a whole number",
                "{\"bundle\": \"/b\", \"plugin\": \"cpu\", \"createOptions\": {\"a\": [0.5]}} |"
                        + " runtime.createOptions.a | a list of such",
                "{\"bundle\": \"/b\", \"plugin\": \"cpu\", \"donate\": 1} | runtime.donate | true"
                        + " or false",
                "{\"bundle\": \"/b\", \"plugin\": \"cpu\", \"compileLimitMillis\": 0} |"
                        + " runtime.compileLimitMillis | from 1",
                "{\"bundle\": \"/b\", \"plugin\": \"cpu\", \"cash\": true} | runtime.cash | cache",
                "{\"kind\": \"reference\", \"bundle\": \"/b\"} | runtime.kind | pjrt",
            })
    void whatIsWrongIsNamedWithWhatWasExpected(String json, String field, String expected) {
        assertThatThrownBy(() -> PjrtConfig.parse(json))
                .isInstanceOfSatisfying(
                        RuntimeFault.class,
                        fault ->
                                assertThat(fault.code())
                                        .isEqualTo(RuntimeFault.Code.PROGRAM_INVALID))
                .hasMessageContaining("`" + field + "`")
                .hasMessageContaining(expected);
    }
}
