package io.coxswain.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

class ProcessSectionTest {
    private static final String GOOD =
            """
            name: mine
            steps: 10
            data: data
            batch: 8
            runtime:
              kind: process
              command: [python3, train.py]
            """;

    @TempDir private Path folder = Path.of("");

    private JobFile read(String text, Map<String, String> sets) throws Exception {
        Files.writeString(folder.resolve("data"), "x");
        return JobFile.read(Files.writeString(folder.resolve("job.yaml"), text), sets);
    }

    @Test
    void leavesOutWhatHasADefault() throws Exception {
        JobFile job = read(GOOD, Map.of());

        assertThat(job.runtimeKind()).isEqualTo("process");
        assertThat(JsonMapper.shared().readTree(job.runtime().json()))
                .isEqualTo(
                        JsonMapper.shared()
                                .readTree(
                                        """
                                        {"kind": "process", "command": ["python3", "train.py"], "cwd": "%s", "env": {},
                                         "inheritEnv": ["PATH", "HOME"], "standby": false, "config": {}, "minStepMillis": 0}
                                        """
                                                .formatted(folder)));
        // A third of 64 MiB are parameters, of four bytes.
        assertThat(job.parameters()).isEqualTo((64 << 20) / 12);
    }

    @Test
    void readsEveryField() throws Exception {
        Files.createDirectory(folder.resolve("sub"));
        JobFile job =
                read(
                        GOOD.replace("python3, train.py", "bin/mine, --fast")
                                + """
                                  cwd: sub
                                  env: {PYTHONPATH: ../lib}
                                  inheritEnv: [LD_LIBRARY_PATH]
                                  config: {rate: 0.5, name: x}
                                  standby: true
                                  state: 12KiB
                                  minStepMillis: 5
                                """,
                        Map.of());

        assertThat(JsonMapper.shared().readTree(job.runtime().json()))
                .isEqualTo(
                        JsonMapper.shared()
                                .readTree(
                                        """
                                        {"kind": "process", "command": ["%s/sub/bin/mine", "--fast"], "cwd": "%s/sub",
                                         "env": {"PYTHONPATH": "../lib"}, "inheritEnv": ["LD_LIBRARY_PATH"], "standby": true,
                                         "config": {"rate": 0.5, "name": "x"}, "minStepMillis": 5}
                                        """
                                                .formatted(folder, folder)));
        assertThat(job.parameters()).isEqualTo(1024);
        assertThat(job.runtime().stateBytes(1)).isEqualTo(12 << 10);
    }

    @ParameterizedTest
    @CsvSource({
        "runtime.cwd, elsewhere, no such folder",
        "runtime.command, [], expected a program",
        "runtime.inheritEnv, '[PATH, A B]', 'expected a variable''s name'",
        "runtime.env.COXSWAIN_BRIDGE_TOKEN, x, 'bridge''s own'",
        "runtime.comand, x, comand",
    })
    void saysWhatDoesNotFit(String field, String value, String expected) {
        assertThatThrownBy(() -> read(GOOD, Map.of(field, value)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(expected);
    }

    @Test
    void aProgramMayReduceByItselfAndCutItsState() throws Exception {
        JobFile job = read(GOOD, Map.of("collectives.across", "runtime", "mesh.shards", "2"));

        assertThat(job.spec("j").runtimeReduces()).isTrue();
        assertThat(job.spec("j").mesh().shards()).isEqualTo(2);
    }

    @Test
    void aProgramThatIsNotHereIsMissedBeforeAnythingStarts() throws Exception {
        JobFile missing = read(GOOD, Map.of("runtime.command", "[no-such-program-here]"));
        JobFile path = read(GOOD, Map.of("runtime.command", "[./no-such-file]"));
        JobFile shell = read(GOOD, Map.of("runtime.command", "[sh]"));

        assertThatThrownBy(() -> missing.runtime().requireHere())
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("no-such-program-here");
        assertThatThrownBy(() -> path.runtime().requireHere())
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining(folder.resolve("no-such-file").toString());
        shell.runtime().requireHere();
    }
}
