package io.coxswain.launcher.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.config.ConfigException;
import io.coxswain.proto.control.v1.JobSpec;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

class KitJobsTest {
    private static final Path DIGITS = digits();

    private static Path digits() {
        Path inProject = Path.of("examples", "digits", "job.yaml");
        return Files.exists(inProject) ? inProject : Path.of("..").resolve(inProject);
    }

    private static KitJobs read(boolean reduce, Map<String, String> sets, Map<String, String> slow)
            throws ConfigException {
        return KitJobs.read(new KitJobs.Source(DIGITS, reduce, sets, slow), null);
    }

    @Test
    void theDigitsJobIsMadeSmallWithAStateThatTakesAWhileToCopy() throws ConfigException {
        KitJobs jobs = read(true, Map.of(), Map.of());

        JobSpec job = jobs.job();
        assertThat(job.getReplicas() * job.getShards()).isEqualTo(1);
        assertThat(job.getBatch()).isEqualTo(30);
        assertThat(job.getMicroshards()).isEqualTo(4);
        assertThat(job.getRuntimeKind()).isEqualTo("reference");
        assertThat(job.getRuntimeJson()).contains("[64,32,10]", "16000000", "\"minStepMillis\":0");
        assertThat(Path.of(job.getData())).isRegularFile();
        assertThat(Objects.requireNonNull(jobs.slow()).getRuntimeJson())
                .contains("\"minStepMillis\":3600000");
    }

    @Test
    void aJobOfOnesOwnIsTakenAsItIsButForTheMesh() throws ConfigException {
        JobSpec job = read(false, Map.of("batch", "64"), Map.of()).job();

        assertThat(job.getReplicas() * job.getShards()).isEqualTo(1);
        assertThat(job.getBatch()).isEqualTo(64);
        assertThat(job.getMicroshards()).isEqualTo(8);
        assertThat(job.getRuntimeJson()).contains("[64,256,256,10]");
    }

    @Test
    void whatMakesAStepSlowCanBeSaid() throws ConfigException {
        KitJobs jobs = read(true, Map.of(), Map.of("runtime.minStepMillis", "7000"));

        assertThat(Objects.requireNonNull(jobs.slow()).getRuntimeJson()).contains("7000");
    }

    @Test
    void anotherRuntimeTakesTheSectionsPlace() throws ConfigException {
        KitJobs.Source source = new KitJobs.Source(DIGITS, true, Map.of(), Map.of());

        KitJobs jobs = KitJobs.read(source, new KitJobs.OtherRuntime("mine", "{\"a\": 1}", null));
        assertThat(jobs.job().getRuntimeKind()).isEqualTo("mine");
        assertThat(jobs.job().getRuntimeJson()).isEqualTo("{\"a\": 1}");
        assertThat(jobs.job().getBatch()).isEqualTo(30);
        assertThat(jobs.slow()).isNull();

        JobSpec slow =
                KitJobs.read(source, new KitJobs.OtherRuntime("mine", "{}", "{\"slow\": 1}"))
                        .slow();
        assertThat(Objects.requireNonNull(slow).getRuntimeJson()).isEqualTo("{\"slow\": 1}");
    }

    @Test
    void aJobFileThatIsWrongIsRefusedAsUsual() {
        assertThatThrownBy(() -> read(true, Map.of("batch", "none"), Map.of()))
                .isInstanceOf(ConfigException.class);
    }
}
