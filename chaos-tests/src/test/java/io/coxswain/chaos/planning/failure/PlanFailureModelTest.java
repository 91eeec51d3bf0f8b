package io.coxswain.chaos.planning.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class PlanFailureModelTest {
    private static final long DAY = 86_400_000_000_000L;
    private static final Fleet FLEET = new Fleet(16_384, 16, 8, 4);

    @Test
    void theModelExpectsWhatLlama3Counted() {
        assertThat(FailureModel.llama3().perDay(FLEET) * 54).isCloseTo(419, within(0.001));
        assertThat(FailureModel.llama3Planned().perDay(FLEET) * 54).isCloseTo(466, within(0.001));
    }

    @Test
    void drawnCountsComeNearThatOverSeeds() {
        double sum = 0;
        for (long seed = 1; seed <= 50; seed++) {
            sum += FailureModel.llama3().draw(FLEET, 54 * DAY, seed).failures().size();
        }
        // The mean of 50 Poisson counts of 419 has a deviation of 2.9.
        assertThat(sum / 50).isCloseTo(419, within(12.0));
    }

    @Test
    void theSeedDecidesAndComponentsAreIndependent() {
        FailureModel model = FailureModel.llama3();
        FailureTrace one = model.draw(FLEET, 10 * DAY, 3);
        assertThat(model.draw(FLEET, 10 * DAY, 3)).isEqualTo(one);
        assertThat(model.draw(FLEET, 10 * DAY, 4)).isNotEqualTo(one);
        FailureTrace without = model.with(model.find("gpu").withRate(0)).draw(FLEET, 10 * DAY, 3);
        assertThat(without.failures())
                .containsExactlyElementsOf(
                        one.failures().stream()
                                .filter(failure -> !failure.component().equals("gpu"))
                                .toList());
    }

    @Test
    void negativeRatesAreRefused() {
        assertThatThrownBy(() -> FailureModel.llama3().find("gpu").withRate(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gpu: expected a rate of 0 or more");
    }

    @Test
    void domainsHoldTheirMachines() {
        var fleet = new Fleet(20, 4, 2, 2);
        assertThat(fleet.targets(Scope.RACK)).isEqualTo(5);
        assertThat(fleet.endOf(Scope.SWITCH, 2)).isEqualTo(20);
        assertThat(fleet.domain(9).toString()).isEqualTo("power0/switch1/rack2/m000009");
        assertThat(fleet.machineOf(fleet.name(9))).isEqualTo(9);
    }
}
