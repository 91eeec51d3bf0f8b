package io.coxswain.launcher.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.agent.worker.WorkerCommand;

import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InvalidClassException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

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

    /** Says what becomes of an object that somebody sent. */
    static final class Victim {
        private Victim() {}

        public static void main(String[] args) throws Exception {
            var sent = new ByteArrayOutputStream();
            try (var out = new ObjectOutputStream(sent)) {
                out.writeObject(new ArrayList<>(List.of("anything")));
            }
            var received = new ByteArrayInputStream(sent.toByteArray());
            try (var in = new ObjectInputStream(received)) {
                System.out.println("made " + in.readObject());
            } catch (InvalidClassException refused) {
                System.out.println(refused.getMessage());
            }
        }
    }

    @Test
    void coordinatorsAndAgentsMakeNoObjectsOfWhatTheyAreSent() throws Exception {
        var command = new ArrayList<>(JavaProcess.service(Victim.class.getName(), List.of()));
        int classPath = command.indexOf("-cp") + 1;
        Path tests =
                Path.of(Victim.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        command.set(classPath, tests.toString());

        Process victim = new ProcessBuilder(command).redirectErrorStream(true).start();

        String said;
        try (BufferedReader out = victim.inputReader(StandardCharsets.UTF_8)) {
            said = out.lines().collect(Collectors.joining("\n"));
        }
        assertThat(victim.waitFor()).isZero();
        assertThat(said).isEqualTo("filter status: REJECTED");
    }

    @Test
    void refusesAKindThatThereIsNot() {
        assertThatThrownBy(() -> JavaProcess.worker("other", WorkerSettings.usual()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("this agent has no runtime of kind 'other', only reference and pjrt");
    }
}
