package io.coxswain.bridge.reference;

import io.coxswain.bridge.json.JsonSection;
import io.coxswain.bridge.spi.RuntimeFault;

import java.util.List;

/**
 * Time that certain steps take longer, for rehearsals: a slow data store or a slow machine, at
 * known steps. The result of a step does not depend on it.
 *
 * @param data it is spent waiting for data, and told as such; else it is the rank's own work that
 *     takes longer
 * @param rank whose steps; −1: everybody's
 * @param firstStep of those that take longer
 * @param millis of each of them
 */
public record Stall(boolean data, int rank, long firstStep, long lastStep, long millis) {
    private static final int EVERYBODY = -1;

    static Stall parse(JsonSection section) throws RuntimeFault {
        boolean data = section.choice("what", List.of("data", "compute"), null).equals("data");
        int rank =
                section.has("rank")
                        ? (int) section.integer("rank", 0, Integer.MAX_VALUE)
                        : EVERYBODY;
        long first = section.integer("firstStep", 1, Long.MAX_VALUE);
        long last = section.integer("lastStep", first, Long.MAX_VALUE);
        long millis = section.integer("millis", 1, ReferenceConfig.MAX_STEP_MILLIS);
        section.done();
        return new Stall(data, rank, first, last, millis);
    }

    /** What these stalls add to one step of one rank. */
    static long millis(List<Stall> stalls, boolean data, int rank, long step) {
        long sum = 0;
        for (Stall stall : stalls) {
            boolean his = stall.rank == EVERYBODY || stall.rank == rank;
            if (stall.data == data && his && stall.firstStep <= step && step <= stall.lastStep) {
                sum += stall.millis;
            }
        }
        return sum;
    }
}
