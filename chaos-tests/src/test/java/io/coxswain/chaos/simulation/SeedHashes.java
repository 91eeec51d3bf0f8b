package io.coxswain.chaos.simulation;

import io.coxswain.chaos.simulation.swarm.Swarm;

/** Prints seed and trace hash of each seed that it is given: another process for comparisons. */
final class SeedHashes {
    private SeedHashes() {}

    static String line(long seed) {
        return seed + " " + Swarm.run(seed).traceHash();
    }

    public static void main(String[] seeds) {
        for (String seed : seeds) {
            System.out.println(line(Long.parseLong(seed)));
        }
    }
}
