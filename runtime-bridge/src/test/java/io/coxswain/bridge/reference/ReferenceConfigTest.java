package io.coxswain.bridge.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.bridge.spi.RuntimeFault;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReferenceConfigTest {
    @Test
    void everythingThatIsGivenIsRead() throws RuntimeFault {
        ReferenceConfig config =
                ReferenceConfig.parse(
                        """
                        {"kind": "reference", "model": {"kind": "mlp", "layers": [64, 256, 10]},
                         "optimizer": {"kind": "sgd", "learningRate": 0.5, "momentum": 0},
                         "ballast": 100000000000, "minStepMillis": 12}\
                        """);
        assertThat(config.model()).hasToString("64-256-10");
        assertThat(config.optimizer()).isEqualTo(new SgdMomentum(0.5f, 0));
        assertThat(config.ballastBytes()).isEqualTo(100_000_000_000L);
        assertThat(config.minStepMillis()).isEqualTo(12);
    }

    @Test
    void stallsAddUp() throws RuntimeFault {
        ReferenceConfig config =
                ReferenceConfig.parse(
                        """
                        {"model": {"layers": [4, 2]}, "stalls": [
                         {"what": "data", "firstStep": 3, "lastStep": 5, "millis": 10},
                         {"what": "data", "rank": 1, "firstStep": 5, "lastStep": 6, "millis": 7},
                         {"what": "compute", "rank": 0, "firstStep": 5, "lastStep": 5, "millis": 2}]}\
                        """);
        assertThat(Stall.millis(config.stalls(), true, 0, 2)).isZero();
        assertThat(Stall.millis(config.stalls(), true, 0, 5)).isEqualTo(10);
        assertThat(Stall.millis(config.stalls(), true, 1, 5)).isEqualTo(17);
        assertThat(Stall.millis(config.stalls(), true, 1, 6)).isEqualTo(7);
        assertThat(Stall.millis(config.stalls(), false, 0, 5)).isEqualTo(2);
        assertThat(Stall.millis(config.stalls(), false, 1, 5)).isZero();
    }

    @Test
    void theDefaults() throws RuntimeFault {
        ReferenceConfig config = ReferenceConfig.parse("{\"model\": {\"layers\": [4, 2]}}");
        assertThat(config.optimizer()).isEqualTo(new Adam(0.001f, 0.9f, 0.999f, 1e-8f));
        assertThat(config.ballastBytes()).isZero();
        assertThat(config.minStepMillis()).isZero();
        assertThat(
                        ReferenceConfig.parse(
                                        "{\"model\": {\"layers\": [4, 2]}, \"optimizer\":"
                                                + " {\"kind\": \"sgd\"}}")
                                .optimizer())
                .isEqualTo(new SgdMomentum(0.05f, 0.9f));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "{} | runtime.model.layers | whole numbers",
                "[] | runtime | an object",
                "{ | runtime | not valid JSON",
                "{} {} | runtime | after its end",
                "{\"model\": {\"layers\": [4, 2]}, \"balast\": 1} | runtime.balast | ballast",
                "{\"model\": {\"layers\": [4, 2], \"size\": 1}} | runtime.model.size | layers",
                "{\"model\": {\"layers\": [4, 2]}, \"ballast\": -1} | runtime.ballast | from 0",
                "{\"model\": {\"layers\": [4, 2]}, \"ballast\": \"1 GB\"} | runtime.ballast | \"1"
                        + " GB\"",
                "{\"model\": {\"layers\": [4, 2]}, \"ballast\": 1, \"ballast\": 2} | runtime |"
                        + " uplicate",
                "{\"model\": {\"layers\": [4]}} | runtime.model | at least two",
                "{\"model\": {\"layers\": [4, 0]}} | runtime.model.layers | from 1",
                "{\"model\": {\"kind\": \"cnn\"}} | runtime.model.kind | mlp",
                "{\"kind\": \"pjrt\"} | runtime.kind | reference",
                "{\"model\": {\"layers\": [4, 2]}, \"optimizer\": {\"kind\": \"lion\"}} |"
                        + " runtime.optimizer.kind | adam, sgd",
                "{\"model\": {\"layers\": [4, 2]}, \"optimizer\": {\"momentum\": 0.9}} |"
                        + " runtime.optimizer.momentum | beta1",
                "{\"model\": {\"layers\": [4, 2]}, \"optimizer\": {\"beta1\": 1}} |"
                        + " runtime.optimizer | beta1",
                "{\"model\": {\"layers\": [4, 2]}, \"minStepMillis\": 0.5} | runtime.minStepMillis"
                        + " | 0.5",
                "{\"model\": {\"layers\": [4, 2]}, \"stalls\": {}} | runtime.stalls | a list of"
                        + " objects",
                "{\"model\": {\"layers\": [4, 2]}, \"stalls\": [{\"what\": \"net\"}]} |"
                        + " runtime.stalls[0].what | data, compute",
                "{\"model\": {\"layers\": [4, 2]}, \"stalls\": [{\"what\": \"data\", \"firstStep\":"
                    + " 4, \"lastStep\": 3, \"millis\": 1}]} | runtime.stalls[0].lastStep | from 4",
            })
    void whatIsWrongIsNamedWithWhatWasExpected(String json, String field, String expected) {
        assertThatThrownBy(() -> ReferenceConfig.parse(json))
                .isInstanceOfSatisfying(
                        RuntimeFault.class,
                        fault ->
                                assertThat(fault.code())
                                        .isEqualTo(RuntimeFault.Code.PROGRAM_INVALID))
                .hasMessageContaining("`" + field + "`")
                .hasMessageContaining(expected);
    }
}
