package io.coxswain.chaos.planning.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

final class PlanModelFileTest {
    private static final long HOUR = 3_600_000_000_000L;
    private static final long DAY = 24 * HOUR;

    @TempDir Path folder;

    private FailureModel read(String... lines) throws Exception {
        Path file = folder.resolve("m.yaml");
        Files.write(file, List.of(lines));
        return ModelFile.read(file);
    }

    private void refused(String complaint, String... lines) {
        assertThatThrownBy(() -> read(lines))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(complaint);
    }

    @Test
    void changesWhatIsSaidAndAddsWhatIsNew() throws Exception {
        FailureModel model =
                read(
                        "name: ours",
                        "from: llama3",
                        "components:",
                        "  gpu: {mtbf: 1000d}",
                        "  nic: {repair: 2h}",
                        "  pdu: {scope: rack, rate: 2, repair: 6h, spread: 0}");
        assertThat(model.name()).isEqualTo("ours");
        FailureModel base = FailureModel.llama3();
        assertThat(model.find("gpu")).isEqualTo(base.find("gpu").withRate(1));
        assertThat(model.find("nic")).isEqualTo(base.find("nic").withRepair(2 * HOUR));
        assertThat(model.find("hbm")).isEqualTo(base.find("hbm"));
        assertThat(model.find("pdu")).isEqualTo(new Component("pdu", Scope.RACK, 2, 6 * HOUR, 0));
        assertThat(model.components()).hasSize(base.components().size() + 1);
    }

    @Test
    void startsEmptyWhereNothingIsNamedAndIsCalledByItsFile() throws Exception {
        FailureModel model =
                read("components:", "  board: {scope: agent, mtbf: 500d, repair: 1d, spread: 0}");
        assertThat(model.name()).isEqualTo("m.yaml");
        assertThat(model.components())
                .containsExactly(new Component("board", Scope.AGENT, 2, DAY, 0));

        Fleet fleet = new Fleet(1_000, 4, 2, 2);
        FailureTrace trace = model.draw(fleet, 1_000 * DAY, 3);
        assertThat((double) trace.failures().size()).isCloseTo(2_000, within(150.0));
        assertThat(trace.failures())
                .as("without a spread repairs take equally long")
                .allMatch(failure -> failure.repairNanos() == DAY);
    }

    @Test
    void domainsAndSilentCorruptionAreDrawnAsAsked() throws Exception {
        FailureModel model =
                read(
                        "components:",
                        "  pdu: {scope: rack, mtbf: 100d, repair: 1h}",
                        "  feed: {scope: power, mtbf: 100d, repair: 1h}",
                        "  bitrot: {scope: corruption, mtbf: 100d, repair: 1h}");
        Fleet fleet = new Fleet(64, 4, 2, 2);
        FailureTrace trace = model.draw(fleet, 1_000 * DAY, 3);
        for (Scope scope : List.of(Scope.RACK, Scope.POWER, Scope.CORRUPTION)) {
            long drawn = trace.failures().stream().filter(one -> one.scope() == scope).count();
            double expected = 10.0 * fleet.targets(scope);
            assertThat((double) drawn).isCloseTo(expected, within(5 * Math.sqrt(expected)));
        }
    }

    @Test
    void everyMistakeHasItsLine() {
        refused("m.yaml:2:8: components.gpu.scope: is missing", "components:", "  gpu: {rate: 1}");
        refused(
                "m.yaml:2:29: components.gpu.mtbf: '-3d': expected a time",
                "components:",
                "  gpu: {scope: agent, mtbf: -3d, repair: 1h}");
        refused(
                "rate: found '-1', expected a number",
                "from: llama3",
                "components:",
                "  gpu: {rate: -1}");
        refused("did you mean 'rack'?", "components:", "  a: {scope: rak, rate: 1, repair: 1h}");
        refused("is missing, and so is rate", "components:", "  a: {scope: rack, repair: 1h}");
        refused(
                "expected one of them",
                "components:",
                "  a: {scope: rack, rate: 1, mtbf: 1d, repair: 1h}");
        refused(
                "mtbf: expected a time above 0",
                "from: llama3",
                "components:",
                "  gpu: {mtbf: 0s}");
        refused("did you mean 'repair'?", "from: llama3", "components:", "  gpu: {repare: 1h}");
        refused("m.yaml:1:7: from: found 'lama3'", "from: lama3", "components: {}");
        refused("components: is missing", "name: empty");
        refused(
                "m.yaml:3:3: gpu: stands twice",
                "components:",
                "  gpu: {scope: agent, rate: 1, repair: 1h}",
                "  gpu: {rate: 2}");
        refused("name has 1 to 64", "components:", "  a,b: {scope: agent, rate: 1, repair: 1h}");
    }

    @Test
    void theExampleIsAModel() throws Exception {
        Path example = Path.of("..", "examples", "planning", "failures.yaml");
        assertThat(ModelFile.read(example).names())
                .contains("gpu", "rack-pdu", "leaf-switch", "power-feed", "loader-hang");
    }
}
