package io.coxswain.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.StepTrace.Death;
import io.coxswain.launcher.bench.StepTrace.Point;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

class TorchftRunTest {
    private static final String SEEN =
            """
            {"begin": 10.0, "end": 20.0, "kills": [12.5], "died": ["a", "b"],
             "commits": [[11.0, 4], [12.0, 4], [14.0, 3], [16.0, 4]],
             "timeouts": "lighthouse: join 1 ms",
             "versions": {"torch": "9.9", "torchft": "0.9"}}\
            """
                    .replace("\n", " ");

    @TempDir private Path folder = Path.of("");

    @Test
    void readsTheLastLineWhateverStandsBeforeIt() throws Exception {
        TorchftRun run = TorchftRun.parse("a warning\n{not: json\n" + SEEN + "\n\n", 4);

        assertThat(run.trace().points())
                .containsExactly(
                        new Point(11, 1, 1),
                        new Point(12, 1, 1),
                        new Point(14, 1, 0.75),
                        new Point(16, 1, 1));
        assertThat(run.trace().deaths()).containsExactly(new Death(12.5, 14, 16));
        assertThat(run.died()).containsExactly("a", "b");
        assertThat(run.timeouts()).isEqualTo("lighthouse: join 1 ms");
        assertThat(run.versions()).isEqualTo("torchft 0.9, torch 9.9");
    }

    @Test
    void ofAVersionThatNobodyKnowsThatIsSaid() throws Exception {
        String unknown = "{\"begin\":0,\"end\":1,\"kills\":[],\"commits\":[],\"versions\":{}}";

        assertThat(TorchftRun.parse(unknown, 4).versions())
                .isEqualTo("torchft of unknown version, torch of unknown version");
    }

    @Test
    void whatIsNoResultIsShown() {
        assertThatThrownBy(() -> TorchftRun.parse("", 4))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageEndingWith("but: nothing");
        assertThatThrownBy(() -> TorchftRun.parse("all went well\n", 4))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageEndingWith("but: all went well");
        assertThatThrownBy(() -> TorchftRun.parse("{\"begin\": 1}", 4))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageEndingWith("but: {\"begin\": 1}");
    }

    @Test
    void theProgramIsRunAndWhatItComplainsOfIsTold() throws Exception {
        Files.writeString(folder.resolve("seen"), SEEN);
        assertThat(TorchftRun.of(plan("cat seen")).trace().deaths()).hasSize(1);

        assertThatThrownBy(() -> TorchftRun.of(plan("echo 'torchft: no lighthouse' >&2; exit 1")))
                .isInstanceOf(EnvironmentException.class)
                .hasMessage("torchft: no lighthouse");
    }

    /** A Python that is a shell script. */
    private TorchftRun.Plan plan(String does) throws Exception {
        Path python = folder.resolve("python-" + does.hashCode());
        Files.writeString(python, "#!/bin/sh\n" + does + "\n");
        Files.setPosixFilePermissions(python, PosixFilePermissions.fromString("rwx------"));
        return new TorchftRun.Plan(python.toString(), folder, folder, "tuned", 4, 10, 5, 1);
    }
}
