package io.coxswain.chaos.scenario;

import java.time.Duration;
import java.util.List;

/**
 * What a scenario must come to, beside what its oracles say.
 *
 * @param completes whether the job completes; if not, it must end and say why
 * @param says a text that the reason contains, where it does not complete
 * @param mostStepsLost over all incidents; -1: any number
 * @param leastIncidents at least so many
 * @param mostIncidents at most so many; -1: any number
 * @param sources where restored states may come from ({@code live, local, peer-copy, fetched});
 *     empty: anywhere
 * @param everyFaultFires whether a fault whose coordinate was never reached is a failure
 * @param leastTakeovers a new leader went on with the job at least so often
 * @param normalWithin of each return of ZooKeeper everything is normal; zero: whenever
 */
public record Expectation(
        boolean completes,
        String says,
        long mostStepsLost,
        int leastIncidents,
        int mostIncidents,
        List<String> sources,
        boolean everyFaultFires,
        int leastTakeovers,
        Duration normalWithin) {
    public Expectation {
        sources = List.copyOf(sources);
    }

    /** No matter who leads. */
    public Expectation(
            boolean completes,
            String says,
            long mostStepsLost,
            int leastIncidents,
            int mostIncidents,
            List<String> sources,
            boolean everyFaultFires) {
        this(
                completes,
                says,
                mostStepsLost,
                leastIncidents,
                mostIncidents,
                sources,
                everyFaultFires,
                0,
                Duration.ZERO);
    }

    /** The job completes; nothing else is asked. */
    public static Expectation completion() {
        return new Expectation(true, "", -1, 0, -1, List.of(), true, 0, Duration.ZERO);
    }
}
