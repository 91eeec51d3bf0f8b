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
import java.util.HashMap;
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
        assertThat(job.spec("a").protectsAutomatically()).isTrue();
        assertThat(JsonMapper.shared().readTree(job.runtime().json()))
                .isEqualTo(
                        JsonMapper.shared()
                                .readTree(
                                        """
                                        {"kind": "process", "command": ["python3", "train.py"], "cwd": "%s", "env": {},
                                         "inheritEnv": ["PATH", "HOME"], "standby": true, "config": {}, "minStepMillis": 0}
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
                                  standby: false
                                  flightRecorder: true
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
                                         "env": {"PYTHONPATH": "../lib"}, "inheritEnv": ["LD_LIBRARY_PATH"], "standby": false, "flightRecorder": true,
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
    void severalProcessesOfSeveralShardsHoldAPartEach() throws Exception {
        JobFile job =
                read(
                        GOOD,
                        with(
                                Map.of(
                                        "mesh.shards",
                                        "2",
                                        "runtime.workersPerAgent",
                                        "2",
                                        "runtime.state",
                                        "12KiB")));

        assertThat(job.runtime().processes()).isEqualTo(2);
        assertThat(job.runtime().stateBytes(2)).isEqualTo(24 << 10);
    }

    private static final Map<String, String> REDUCES =
            Map.of("collectives.across", "runtime", "microshards", "8");

    private static Map<String, String> with(Map<String, String> more) {
        var all = new HashMap<>(REDUCES);
        all.putAll(more);
        return all;
    }

    @Test
    void severalProcessesOfAnAgentHoldAsManyStates() throws Exception {
        JobFile job =
                read(GOOD, with(Map.of("runtime.workersPerAgent", "4", "runtime.state", "12KiB")));

        assertThat(
                        JsonMapper.shared()
                                .readTree(job.runtime().json())
                                .path("workersPerAgent")
                                .asInt())
                .isEqualTo(4);
        assertThat(job.runtime().processes()).isEqualTo(4);
        assertThat(job.runtime().stateBytes(1)).isEqualTo(48 << 10);
    }

    @ParameterizedTest
    @CsvSource({
        "0, a whole number from 1 to 64",
        "65, a whole number from 1 to 64",
        "two, a whole number from 1 to 64",
        "5, '2 agents of the mesh have 10 processes, and microshards is 8'",
    })
    void numbersOfProcessesThatDoNotFit(String processes, String expected) {
        assertThatThrownBy(() ->
                        read(
                                GOOD,
                                with(
                                        Map.of(
                                                "mesh.replicas",
                                                "2",
                                                "runtime.workersPerAgent",
                                                processes))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("runtime.workersPerAgent")
                .hasMessageContaining(expected);
    }

    @Test
    void severalProcessesReduceByThemselves() {
        assertThatThrownBy(() -> read(GOOD, Map.of("runtime.workersPerAgent", "2")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("runtime.workersPerAgent")
                .hasMessageContaining("collectives: {across: runtime}");
    }

    @Test
    void aStateIsLeftInAFolderAndTakenUpFromOne() throws Exception {
        Path before = Files.createDirectory(folder.resolve("before"));
        JobFile job =
                read(
                        GOOD,
                        Map.of(
                                "runtime.export.folder",
                                "after",
                                "runtime.export.every",
                                "100",
                                "runtime.initial",
                                "before"));

        var json = JsonMapper.shared().readTree(job.runtime().json());
        assertThat(json.path("initial").asString()).isEqualTo(before.toString());
        assertThat(json.path("export").path("folder").asString())
                .isEqualTo(folder.resolve("after").toString());
        assertThat(json.path("export").path("every").asLong()).isEqualTo(100);
    }

    @Test
    void foldersOfStatesThatMakeNoSense() throws Exception {
        Files.createDirectory(folder.resolve("same"));

        assertThatThrownBy(() ->
                        read(
                                GOOD,
                                Map.of(
                                        "runtime.export.folder",
                                        "same",
                                        "runtime.initial",
                                        "./same")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("runtime.initial")
                .hasMessageContaining("the folder that the job exports to");
        assertThatThrownBy(() -> read(GOOD, Map.of("runtime.export.every", "5")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("runtime.export.folder");
    }

    private static final String ATTACHED =
            GOOD.replace("  command: [python3, train.py]", "  launch: attach");

    @Test
    void somebodyElseMayStartTheWorkers() throws Exception {
        JobFile job = read(ATTACHED, Map.of("runtime.attachWait", "90s"));

        assertThat(JsonMapper.shared().readTree(job.runtime().json()))
                .isEqualTo(
                        JsonMapper.shared()
                                .readTree(
                                        """
                                        {"kind": "process", "launch": "attach", "attachWaitMillis": 90000, "config": {},
                                         "minStepMillis": 0}
                                        """));
        assertThat(job.runtime().attached()).isTrue();
        job.runtime().requireHere();
    }

    @ParameterizedTest
    @CsvSource({
        "runtime.command, '[python3, train.py]', somebody else starts the workers",
        "runtime.cwd, '.', somebody else starts the workers",
        "runtime.env.A, b, somebody else starts the workers",
        "runtime.inheritEnv, '[PATH]', somebody else starts the workers",
        "runtime.standby, true, somebody else starts the workers",
        "runtime.flightRecorder, true, somebody else starts the workers",
        "runtime.startWait, 5m, somebody else starts the workers",
        "runtime.attachWait, 10ms, a time from 1s",
        "runtime.launch, atach, 'one of spawn, attach'",
    })
    void whatWhoeverStartsThemDecides(String field, String value, String expected) {
        assertThatThrownBy(() -> read(ATTACHED, Map.of(field, value)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(field.equals("runtime.env.A") ? "runtime.env" : field)
                .hasMessageContaining(expected);
    }

    @Test
    void aProgramThatTakesLongToStart() throws Exception {
        JobFile job = read(GOOD, Map.of("runtime.startWait", "5m"));

        assertThat(JsonMapper.shared().readTree(job.runtime().json()).path("startWaitMillis"))
                .isEqualTo(JsonMapper.shared().readTree("300000"));
        assertThatThrownBy(() -> read(GOOD, Map.of("runtime.startWait", "0s")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("runtime.startWait")
                .hasMessageContaining("a time from 1s");
    }

    @Test
    void dataMayBeAFolder() throws Exception {
        Files.createDirectory(folder.resolve("images"));

        assertThat(read(GOOD, Map.of("data", "images")).spec("a").data()).endsWith("images");
        String reference =
                GOOD.replace("kind: process", "kind: reference")
                        .replace(
                                "command: [python3, train.py]",
                                "model: {kind: mlp, layers: [4, 2]}");
        assertThatThrownBy(() -> read(reference, Map.of("data", "images")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("expected a readable file");
    }

    @Test
    void otherKindsHaveOneProcessWhichTheirAgentStarts() {
        String reference =
                GOOD.replace("kind: process", "kind: reference")
                        .replace(
                                "command: [python3, train.py]",
                                "model: {kind: mlp, layers: [4, 2]}");

        assertThatThrownBy(() -> read(reference, Map.of("runtime.launch", "attach")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("runtime.launch")
                .hasMessageContaining("workers of kind reference have none");
        assertThatThrownBy(() -> read(reference, Map.of("runtime.workersPerAgent", "2")))
                .hasMessageContaining("expected kind: process");
        assertThatThrownBy(() -> read(reference, Map.of("runtime.startWait", "2m")))
                .hasMessageContaining("expected kind: process");
        assertThatThrownBy(() -> read(GOOD, Map.of("runtime.attachWait", "10s")))
                .hasMessageContaining("runtime.attachWait")
                .hasMessageContaining("launch: attach alone");
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
