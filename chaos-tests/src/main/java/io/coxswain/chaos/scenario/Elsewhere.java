package io.coxswain.chaos.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A scenario's rules on a job that has gone on for a while and whose agents cannot be held: steps
 * and recoveries count from where it is, and what would hold fires after. Stateless.
 */
public final class Elsewhere {
    private Elsewhere() {}

    /**
     * The rules, told anew.
     *
     * @param step the newest completed one
     * @param recoveries that there were
     */
    public static List<Rule> rules(List<Rule> rules, long step, int recoveries) {
        return rules.stream()
                .map(rule ->
                        new Rule(
                                at(rule.at(), step, recoveries),
                                rule.victims(),
                                rule.fault(),
                                rule.healing(),
                                rule.times()))
                .toList();
    }

    private static Coordinate at(Coordinate at, long step, int recoveries) {
        return switch (at) {
            case Coordinate.AgentStep agent -> new Coordinate.Step(step + agent.step());
            case Coordinate.Step after -> new Coordinate.Step(step + after.step());
            case Coordinate.Recovery recovery ->
                    new Coordinate.Recovery(recoveries + recovery.number(), recovery.phase());
            case Coordinate.Told _, Coordinate.Fired _, Coordinate.Every _, Coordinate.After _ ->
                    at;
        };
    }

    /** What in the rules means an agent that is not there, or none at all; empty if nothing. */
    public static String complaint(List<Rule> rules, int agents) {
        for (Rule rule : rules) {
            switch (rule.victims()) {
                case Target.Coordinator(),
                        Target.ZooKeeper(),
                        Target.ZooKeepers _,
                        Target.ZooKeeperLeader() -> {
                    return rule.text()
                            + ": "
                            + rule.victims().text()
                            + " belongs to no job; only agents can be hurt in a cluster that is"
                            + " not started for the scenario";
                }
                case Target.Agents(List<Integer> indices) -> {
                    for (int index : indices) {
                        if (index >= agents) {
                            return rule.text() + ": the job has " + agents + " agents, from 0 on";
                        }
                    }
                }
                case Target.Rack _, Target.Role _ -> {
                    // Found when it comes.
                }
            }
        }
        return "";
    }

    /** Whether the rule fires again and again without end. */
    public static boolean endless(Rule rule) {
        return rule.at() instanceof Coordinate.Every && rule.times() == Integer.MAX_VALUE;
    }

    /** Agents that are sure to be hurt, so that a limit can be too small before anybody is. */
    public static Set<Integer> named(List<Rule> rules, List<String> domains) {
        var named = new TreeSet<Integer>();
        for (Rule rule : rules) {
            switch (rule.victims()) {
                case Target.Agents(List<Integer> indices) -> named.addAll(indices);
                case Target.Rack(int number) -> {
                    for (int i = 0; i < domains.size(); i++) {
                        if (domains.get(i).startsWith("rack" + number + "/")) {
                            named.add(i);
                        }
                    }
                }
                case Target.Role _,
                        Target.Coordinator(),
                        Target.ZooKeeper(),
                        Target.ZooKeepers _,
                        Target.ZooKeeperLeader() -> {
                    // Known when it comes, or refused.
                }
            }
        }
        return named;
    }

    /** The rules that would hold an agent if it could be held. */
    public static List<Rule> holding(List<Rule> rules) {
        var holding = new ArrayList<Rule>();
        rules.forEach(rule -> {
            if (rule.at().holds()) {
                holding.add(rule);
            }
        });
        return holding;
    }
}
