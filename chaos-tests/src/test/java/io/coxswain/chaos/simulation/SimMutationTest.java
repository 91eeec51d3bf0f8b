package io.coxswain.chaos.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.swarm.Drill;
import io.coxswain.chaos.simulation.swarm.SeedResult;
import io.coxswain.chaos.simulation.swarm.Seeds;
import io.coxswain.chaos.simulation.swarm.Swarm;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.util.concurrent.atomic.AtomicReference;
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

    private static void find(String bug, Supplier<Interceptor> mutant) throws InterruptedException {
        var first = new AtomicReference<SeedResult>();
        Seeds.run(
                1,
                SEEDS,
                Seeds.threads(),
                seed -> Swarm.run(Drill.of(seed), mutant::get, null),
                result -> {
                    if (result.failed()) {
                        first.set(result);
                    }
                    return !result.failed();
                });
        SeedResult found = first.get();
        assertThat(found).as("no seed up to %d finds: %s", SEEDS, bug).isNotNull();
        System.out.printf("%-58s seed %4d  %s%n", bug, found.drill().seed(), found.invariant());
        assertThat(found.invariant()).isNotEqualTo("simulator");
    }
}
