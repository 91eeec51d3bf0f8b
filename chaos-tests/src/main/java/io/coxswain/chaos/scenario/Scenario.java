package io.coxswain.chaos.scenario;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A story: a cluster, a job, what goes wrong, and how it must end.
 *
 * @param name short, for the command line
 * @param about one sentence
 * @param faults numbers of the faults that it shows, in the project's list of faults
 * @param target what is aimed at for fault → next completed step, in words; may be empty
 * @param oracles names of those that judge; see {@code io.coxswain.chaos.checker.Oracles}
 */
public record Scenario(
        String name,
        String about,
        List<Integer> faults,
        String target,
        Setup setup,
        List<Rule> rules,
        Expectation expectation,
        List<String> oracles) {
    public Scenario {
        faults = List.copyOf(faults);
        rules = List.copyOf(rules);
        oracles = List.copyOf(oracles);
    }

    /** The planes that need a proxy: those on which something happens, and packets are not lost. */
    public Set<Plane> proxied() {
        return setup.namespaces() ? EnumSet.noneOf(Plane.class) : proxied(rules);
    }

    /** The planes on which these rules do something. */
    public static Set<Plane> proxied(List<Rule> rules) {
        var planes = EnumSet.noneOf(Plane.class);
        for (Rule rule : rules) {
            if (rule.fault() instanceof Fault.Link link) {
                planes.addAll(link.planes());
            } else if (rule.fault() instanceof Fault.Words) {
                planes.add(Plane.CONTROL);
            }
        }
        return planes;
    }
}
