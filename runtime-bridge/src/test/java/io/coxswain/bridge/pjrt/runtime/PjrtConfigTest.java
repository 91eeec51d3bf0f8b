package io.coxswain.bridge.pjrt.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.spi.RuntimeFault;

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
                         "donate": true, "compileLimitMillis": 5000, "cache": false, "minStepMillis": 7}\
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
                                Duration.ZERO));
    }

    @Test
    void aHostsOptionsLieOverTheJobs() throws RuntimeFault {
        PjrtConfig config =
                PjrtConfig.parse(
                        "{\"bundle\": \"/b\", \"plugin\": \"cpu\", \"createOptions\": {\"a\": 1,"
                                + " \"b\": 2}}");
        assertThat(config.createOptions("{\"b\": 3, \"c\": [4]}"))
                .containsEntry("a", 1L)
                .containsEntry("b", 3L)
                .containsEntry("c", new long[] {4});
        assertThatThrownBy(() -> config.createOptions("{\"b\": null}"))
                .hasMessageContaining("createOptions of this host.b");
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
