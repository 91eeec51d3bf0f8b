package io.coxswain.launcher.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.agent.worker.WorkerCommand;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

class JavaProcessTest {
    @Test
    void aWorkerWithAPluginKnowsTheCacheAndItsHostsOptions() {
        WorkerCommand worker =
                JavaProcess.worker(
                        "pjrt",
                        new WorkerSettings(
                                1 << 30,
                                Optional.of(Path.of("/logs")),
                                Map.of("CUDA_VISIBLE_DEVICES", "3"),
                                Map.of("node_id", 3L),
                                false));

        assertThat(worker.command())
                .contains(
                        "-XX:ErrorFile=/logs/worker-crash-%p.log",
                        "-Dcoxswain.pjrt.createOptions={\"node_id\":3}",
                        "--enable-native-access=ALL-UNNAMED")
                .anySatisfy(flag -> assertThat(flag).startsWith("-Dcoxswain.cache=/"))
                .doesNotContain("-XX:-CreateCoredumpOnCrash")
                .endsWith("pjrt");
        assertThat(worker.environment())
                .isEqualTo(Map.of("TF_CPP_MIN_LOG_LEVEL", "2", "CUDA_VISIBLE_DEVICES", "3"));
    }

    @Test
    void aHostMaySilenceLess() {
        WorkerSettings settings =
                WorkerSettings.usual().withEnvironment(Map.of("TF_CPP_MIN_LOG_LEVEL", "0"));

        assertThat(JavaProcess.worker("pjrt", settings).environment())
                .isEqualTo(Map.of("TF_CPP_MIN_LOG_LEVEL", "0"));
        assertThat(JavaProcess.worker("reference", WorkerSettings.usual()).environment()).isEmpty();
    }

    @Test
    void refusesAKindThatThereIsNot() {
        assertThatThrownBy(() -> JavaProcess.worker("other", WorkerSettings.usual()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("this agent has no runtime of kind 'other', only reference and pjrt");
    }
}
