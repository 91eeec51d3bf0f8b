package io.coxswain.launcher.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.agent.worker.WorkerCommand;
import io.coxswain.bridge.host.WorkerJvm;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class UserProgramTest {
    private static final WorkerSettings SETTINGS =
            WorkerSettings.usual().withEnvironment(Map.of("A", "host", "B", "host"));

    @TempDir private Path folder = Path.of("");

    private String section(String more) {
        return "{\"kind\": \"process\", \"command\": [\"python3\", \"train.py\"], \"cwd\": \"%s\"%s}"
                .formatted(folder, more);
    }

    @Test
    void theJobsVariablesWinOverTheHostsAndThoseOverInheritedOnes() {
        WorkerCommand command =
                UserProgram.worker(
                        "process",
                        section(
                                ", \"env\": {\"A\": \"job\"}, \"inheritEnv\": [\"PATH\","
                                        + " \"NO_SUCH_VARIABLE\"]"),
                        SETTINGS);

        assertThat(command.command()).isEqualTo(List.of("python3", "train.py"));
        assertThat(command.folder()).isEqualTo(folder);
        assertThat(command.environment())
                .isEqualTo(Map.of("A", "job", "B", "host", "PATH", System.getenv("PATH")));
    }

    @Test
    void howLongAProgramMayTakeUntilItSaysHello() {
        assertThat(UserProgram.worker("process", section(""), SETTINGS).startWait()).isNull();
        assertThat(
                        UserProgram.worker(
                                        "process",
                                        section(", \"startWaitMillis\": 90000"),
                                        SETTINGS)
                                .startWait())
                .isEqualTo(Duration.ofSeconds(90));
    }

    @Test
    void whatALauncherOfProcessGroupsLeftDoesNotComeIn() {
        WorkerCommand command =
                UserProgram.worker(
                        "process",
                        section(
                                ", \"workersPerAgent\": 2, \"env\": {\"MASTER_ADDR\": \"old\","
                                        + " \"RANK\": \"7\", \"TORCHELASTIC_RUN_ID\": \"x\"},"
                                        + " \"inheritEnv\": []"),
                        SETTINGS);

        assertThat(command.environment()).isEqualTo(Map.of("A", "host", "B", "host"));
        assertThat(command.processes()).isEqualTo(2);
    }

    @Test
    void aJobWhoseWorkersSomebodyElseStartsRunsNoCommandHere() {
        WorkerSettings strict =
                new WorkerSettings(
                        WorkerJvm.DEFAULT_HEAP_BYTES, Optional.empty(), Map.of(), Map.of(), false);

        WorkerCommand command =
                UserProgram.worker(
                        "process",
                        "{\"launch\": \"attach\", \"attachWaitMillis\": 7000,"
                                + " \"workersPerAgent\": 4}",
                        strict);

        assertThat(command).isEqualTo(WorkerCommand.attached(4, Duration.ofSeconds(7)));
    }

    @Test
    void aHostMayRefuseProgramsThatJobsName() {
        WorkerSettings strict =
                new WorkerSettings(
                        WorkerJvm.DEFAULT_HEAP_BYTES, Optional.empty(), Map.of(), Map.of(), false);

        assertThatThrownBy(() -> UserProgram.worker("process", section(""), strict))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("worker.programs");
        assertThat(UserProgram.worker("reference", "{}", strict).command()).endsWith("reference");
    }

    @Test
    void sectionsThatCannotRunHere() {
        assertThatThrownBy(() -> UserProgram.command("{", SETTINGS))
                .hasMessageContaining("no JSON");
        assertThatThrownBy(() -> UserProgram.command("{}", SETTINGS))
                .hasMessageContaining("names no command");
        assertThatThrownBy(() -> UserProgram.command("{\"workersPerAgent\": \"two\"}", SETTINGS))
                .hasMessageContaining("workersPerAgent is \"two\", expected a whole number");
        assertThatThrownBy(
                        () -> UserProgram.command(section(", \"workersPerAgent\": 1000"), SETTINGS))
                .hasMessageContaining("1 to 64 processes, not 1000");
        assertThatThrownBy(() -> UserProgram.command("{\"launch\": \"slurm\"}", SETTINGS))
                .hasMessageContaining("launch is 'slurm', expected spawn or attach");
        String elsewhere = section("").replace(folder.toString(), folder + "/no-such");
        assertThatThrownBy(() -> UserProgram.command(elsewhere, SETTINGS))
                .hasMessageContaining("no folder on this host");
    }
}
