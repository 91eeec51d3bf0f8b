package io.coxswain.chaos.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.swarm.Drill;
import io.coxswain.chaos.simulation.swarm.SeedResult;
import io.coxswain.chaos.simulation.swarm.Swarm;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.util.function.Supplier;
import java.util.stream.Stream;

/** The swarm finds every deliberate bug: prints bug, first seed that finds it, invariant. */
class SimMutationTest {
    private static final int SEEDS = 1_000;

    @TestFactory
    Stream<DynamicTest> theSwarmFindsIt() {
        return Mutants.all().entrySet().stream()
                .map(mutant ->
                        DynamicTest.dynamicTest(
                                mutant.getKey(), () -> find(mutant.getKey(), mutant.getValue())));
    }

    private static void find(String bug, Supplier<Interceptor> mutant) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            SeedResult result = Swarm.run(Drill.of(seed), mutant::get, null);
            if (result.failed()) {
                System.out.printf("%-58s seed %4d  %s%n", bug, seed, result.invariant());
                assertThat(result.invariant()).isNotEqualTo("simulator");
                return;
            }
        }
        throw new AssertionError("no seed up to " + SEEDS + " finds: " + bug);
    }
}
