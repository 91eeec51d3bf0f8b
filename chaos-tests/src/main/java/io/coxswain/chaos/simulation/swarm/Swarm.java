package io.coxswain.chaos.simulation.swarm;

import io.coxswain.chaos.simulation.invariant.InvariantViolated;
import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.chaos.simulation.kernel.Trace;
import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.process.World;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Runs drills: a safety phase with faults, then everything is healed and the newest job has to
 * complete within a bound.
 */
public final class Swarm {
    private static final long HEAL_BOUND_NANOS = 240_000_000_000L;
    private static final long STEP_ALLOWANCE = 8;
    private static final int LINES = 30;

    private Swarm() {}

    /** Runs the drill of a seed. */
    public static SeedResult run(long seed) {
        return run(Drill.of(seed), () -> Interceptor.NONE, null);
    }

    /** Makes what stands between the cores and one world. */
    @FunctionalInterface
    public interface Interception {
        Interceptor make();
    }

    /**
     * Runs a drill.
     *
     * @param sink gets every line of the trace; null: nobody
     */
    public static SeedResult run(
            Drill drill, Interception interception, @Nullable Consumer<String> sink) {
        var trace = new Trace(sink);
        var coverage = new Coverage();
        World world = null;
        String invariant = null;
        String message = "";
        try {
            world =
                    new World(
                            drill.cluster(),
                            new Randomness(drill.seed()).split("world"),
                            trace,
                            interception.make());
            run(drill, world, coverage);
        } catch (InvariantViolated violated) {
            invariant = violated.invariant();
            message = String.valueOf(violated.getMessage());
        } catch (RuntimeException bug) {
            StackTraceElement[] stack = bug.getStackTrace();
            invariant = "simulator";
            message = bug + (stack.length == 0 ? "" : " at " + stack[0]);
        }
        return new SeedResult(
                drill,
                invariant,
                message,
                invariant == null ? List.of() : trace.recent(LINES),
                trace.hash(),
                world == null ? 0 : world.kernel().events(),
                world == null ? 0 : world.now(),
                world == null ? 0 : world.jobs().size(),
                coverage);
    }

    private static void run(Drill drill, World world, Coverage coverage) {
        var injector = new Injector(world, coverage, drill.cluster().lossy());
        injector.plan(drill.faults());
        var operator = new Operator(world);
        operator.plan(drill.orders());
        while (world.step(drill.safetyNanos())) {
            injector.afterEvent();
        }
        injector.healAll();
        if (!drill.orders().isEmpty()) {
            operator.goHome();
        }
        world.lastJob();
        long steps = drill.cluster().steps() * drill.cluster().executeNanos();
        long bound = world.now() + HEAL_BOUND_NANOS + STEP_ALLOWANCE * steps;
        while (!completed(world)) {
            if (!world.step(bound)) {
                world.facts()
                        .broken(
                                "I11",
                                "healed at "
                                        + drill.safetyNanos() / 1_000_000
                                        + " ms, and "
                                        + world.newestJob().spec().jobId()
                                        + " is at step "
                                        + world.newestJob().completed()
                                        + " of "
                                        + drill.cluster().steps()
                                        + " ("
                                        + world.phase()
                                        + ") at "
                                        + world.now() / 1_000_000
                                        + " ms");
            }
        }
        world.facts().atEnd(world);
    }

    private static boolean completed(World world) {
        return world.newestJob().over() && world.newestJob().outcome().equals("completed");
    }

    /**
     * Drops faults from a failing drill as long as the same invariant still breaks.
     *
     * @param budget most runs to try
     */
    public static Drill shrink(Drill failing, Interception interception, int budget) {
        String invariant = run(failing, interception, null).invariant();
        Drill smallest = failing;
        int runs = 0;
        int chunk = Math.max(1, failing.faults().size() / 2);
        while (invariant != null && chunk >= 1 && runs < budget) {
            boolean less = false;
            for (int from = 0; from < smallest.faults().size() && runs < budget; ) {
                var rest = new ArrayList<Fault>(smallest.faults());
                rest.subList(from, Math.min(rest.size(), from + chunk)).clear();
                Drill candidate = smallest.withFaults(rest);
                runs++;
                if (invariant.equals(run(candidate, interception, null).invariant())) {
                    smallest = candidate;
                    less = true;
                } else {
                    from += chunk;
                }
            }
            if (!less || chunk > smallest.faults().size()) {
                chunk /= 2;
            }
        }
        return smallest;
    }
}
