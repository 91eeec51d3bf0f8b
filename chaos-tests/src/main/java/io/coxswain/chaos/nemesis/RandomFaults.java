package io.coxswain.chaos.nemesis;

import static io.coxswain.chaos.scenario.Chaos.after;
import static io.coxswain.chaos.scenario.Chaos.agent;
import static io.coxswain.chaos.scenario.Chaos.coordinator;
import static io.coxswain.chaos.scenario.Chaos.duringARecovery;
import static io.coxswain.chaos.scenario.Chaos.later;
import static io.coxswain.chaos.scenario.Chaos.millis;
import static io.coxswain.chaos.scenario.Chaos.randomAgent;
import static io.coxswain.chaos.scenario.Chaos.seconds;

import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.LinkEffect;
import io.coxswain.chaos.scenario.Part;
import io.coxswain.chaos.scenario.Plane;
import io.coxswain.chaos.scenario.Rule;
import io.coxswain.chaos.scenario.When;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;

/**
 * A soak: faults of all kinds that a job with spares survives, drawn from a seed, at a steady rate.
 * A tenth of them comes during a recovery. Who is killed comes back as a spare.
 */
public final class RandomFaults {
    private static final int IN_RECOVERY_PERCENT = 10;
    private static final Duration BACK_AFTER = Duration.ofSeconds(4);

    private final Random random;
    private final int agents;
    private final boolean killsOnly;

    /**
     * @param agents of the cluster
     * @param killsOnly nothing but deaths of hosts, to compare with others' figures
     */
    public RandomFaults(long seed, int agents, boolean killsOnly) {
        this.random = new Random(seed);
        this.agents = agents;
        this.killsOnly = killsOnly;
    }

    /** One fault about every {@code interval}, from one interval after the first step on. */
    public List<Rule> rules(Duration length, Duration interval) {
        var rules = new ArrayList<Rule>();
        long step = interval.toMillis();
        // The last faults need room to heal and to be recovered from.
        for (long at = step; at + step <= length.toMillis(); at += step) {
            // A recovery to come into comes with the next fault, so such a rule waits for that.
            boolean inRecovery = random.nextInt(100) < IN_RECOVERY_PERCENT && at > step;
            long when = at + random.nextLong(Math.max(1, step / 4));
            rules.add(inRecovery ? kill(duringARecovery(millis(when))) : draw(later(millis(when))));
        }
        return rules;
    }

    private Rule kill(When when) {
        return when.kill(randomAgent()).comeBack(after(BACK_AFTER));
    }

    private Rule draw(When when) {
        int dice = killsOnly ? 0 : random.nextInt(100);
        if (dice < 50) {
            return kill(when);
        }
        if (dice < 65) {
            return when.killWorker(randomAgent());
        }
        if (dice < 75) {
            return when.bring(randomAgent(), new Fault.Pause(Part.AGENT))
                    .heal(after(millis(300 + random.nextInt(3_000))));
        }
        if (dice < 85) {
            return when.partition(agent(random.nextInt(agents)), coordinator())
                    .on(Plane.CONTROL, Plane.DATA)
                    .heal(after(millis(500 + random.nextInt(3_000))));
        }
        if (dice < 92) {
            return when.reset(agent(random.nextInt(agents)), coordinator());
        }
        int one = random.nextInt(agents);
        return when.bring(
                        agent(one),
                        new Fault.Link(
                                agent((one + 1) % agents),
                                EnumSet.of(Plane.DATA),
                                false,
                                new LinkEffect.Cut()))
                .heal(after(seconds(2)));
    }
}
