package io.coxswain.chaos.cluster;

import io.coxswain.chaos.scenario.Coordinate;
import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.LinkEffect;
import io.coxswain.chaos.scenario.Part;
import io.coxswain.chaos.scenario.Plane;
import io.coxswain.chaos.scenario.Rule;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.chaos.scenario.Target;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.MemoryPlan;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Whether rules fit the cluster and the job that they are meant for, asked before anything runs: a
 * fault that can hit nobody would otherwise be found at the end of a run, or not at all. Stateless.
 */
public final class ScenarioCheck {
    private final ClusterSpec spec;
    private final List<String> complaints = new ArrayList<>();

    /** Kinds of parties, as far as links and faults tell them apart. */
    private enum Kind {
        AGENT,
        COORDINATOR,
        ZOOKEEPER
    }

    private ScenarioCheck(ClusterSpec spec) {
        this.spec = spec;
    }

    /**
     * Checks a scenario for a cluster of this machine.
     *
     * @throws ConfigException with every complaint: of the job's file, or of the rules
     */
    public static void check(Scenario scenario) throws ConfigException {
        var setup = scenario.setup();
        ClusterSpec spec =
                new ClusterSpec(
                        JobFile.read(setup.job(), setup.sets()),
                        setup.spares(),
                        setup.rack(),
                        setup.session(),
                        scenario.proxied(),
                        setup.job(),
                        setup.job(),
                        setup.zookeepers(),
                        setup.namespaces(),
                        setup.standbys());
        List<String> complaints = complaints(spec, scenario.rules());
        if (!complaints.isEmpty()) {
            throw new ConfigException(
                    complaints.stream().map(one -> scenario.name() + ": " + one).toList());
        }
    }

    /** What this machine lacks for a scenario, in words; empty if it has all. */
    public static String missing(Scenario scenario) {
        return scenario.setup().namespaces() ? Namespaces.missing() : "";
    }

    /**
     * Checks that the shared memory of a scenario's cluster fits into that folder now.
     *
     * @throws EnvironmentException if it does not
     */
    public static void requireMemory(Scenario scenario, Path arenas)
            throws ConfigException, EnvironmentException {
        var setup = scenario.setup();
        JobFile job = JobFile.read(setup.job(), setup.sets());
        MemoryPlan.of(job, job.mesh().ranks() + setup.spares()).require(arenas);
    }

    /** What does not fit, a line each; empty if all does. */
    static List<String> complaints(ClusterSpec spec, List<Rule> rules) {
        var check = new ScenarioCheck(spec);
        for (int i = 0; i < rules.size(); i++) {
            Rule rule = rules.get(i);
            String where = "rules[" + i + "] (" + rule.text() + "): ";
            if (rule.at() instanceof Coordinate.Fired(int before) && before >= rules.size()) {
                check.complaints.add(where + "rules are 0 to " + (rules.size() - 1));
            } else if (waitsForItself(rules, i)) {
                check.complaints.add(where + "it waits for itself, so it would never fire");
            }
            check.coordinate(where, rule.at());
            check.exists(where, rule.victims());
            check.fits(where, rule);
        }
        return List.copyOf(check.complaints);
    }

    private static boolean waitsForItself(List<Rule> rules, int index) {
        int at = index;
        for (int hops = 0; hops < rules.size(); hops++) {
            if (!(rules.get(at).at() instanceof Coordinate.Fired(int before))
                    || before >= rules.size()) {
                return false;
            }
            at = before;
            if (at == index) {
                return true;
            }
        }
        return false;
    }

    private void coordinate(String where, Coordinate at) {
        long step =
                switch (at) {
                    case Coordinate.AgentStep named -> {
                        agent(where, named.agent());
                        yield named.step();
                    }
                    case Coordinate.Step any -> any.step();
                    case Coordinate.Recovery _,
                            Coordinate.Told _,
                            Coordinate.Fired _,
                            Coordinate.Every _,
                            Coordinate.After _ ->
                            0;
                };
        if (step > spec.job().steps()) {
            complaints.add(
                    where
                            + "step "
                            + step
                            + " never comes, the job has "
                            + spec.job().steps()
                            + " (steps)");
        }
    }

    private void agent(String where, int index) {
        if (index >= spec.agents()) {
            complaints.add(
                    where
                            + "there is no agent "
                            + index
                            + "; agents are 0 to "
                            + (spec.agents() - 1)
                            + ": "
                            + spec.job().mesh().ranks()
                            + " ranks and "
                            + spec.spares()
                            + " spares");
        }
    }

    private void exists(String where, Target target) {
        switch (target) {
            case Target.Agents(List<Integer> indices) ->
                    indices.forEach(index -> agent(where, index));
            case Target.Rack(int number) -> {
                if (spec.rack() == 1) {
                    complaints.add(
                            where
                                    + "there are no racks: each agent is its own failure domain"
                                    + " unless 'rack' says how many share one");
                } else if (number > spec.rackOf(spec.agents() - 1)) {
                    complaints.add(
                            where
                                    + "there is no rack "
                                    + number
                                    + "; racks are 0 to "
                                    + spec.rackOf(spec.agents() - 1)
                                    + ": "
                                    + spec.agents()
                                    + " agents, "
                                    + spec.rack()
                                    + " in each");
                }
            }
            case Target.ZooKeepers(List<Integer> indices) -> {
                if (!indices.stream().allMatch(index -> index < spec.zookeepers())) {
                    complaints.add(
                            where + "there is no such server; zookeepers are " + spec.zookeepers());
                }
            }
            case Target.Coordinator _,
                    Target.ZooKeeper _,
                    Target.ZooKeeperLeader _,
                    Target.Role _ -> {
                // Always there, or found out when it fires.
            }
        }
    }

    private static Kind kind(Target target) {
        return switch (target) {
            case Target.Agents _, Target.Rack _, Target.Role _ -> Kind.AGENT;
            case Target.Coordinator _ -> Kind.COORDINATOR;
            case Target.ZooKeeper _, Target.ZooKeepers _, Target.ZooKeeperLeader _ ->
                    Kind.ZOOKEEPER;
        };
    }

    private void fits(String where, Rule rule) {
        Kind kind = kind(rule.victims());
        switch (rule.fault()) {
            case Fault.Link link -> {
                if (spec.namespaces() && !(link.effect() instanceof LinkEffect.Cut)) {
                    complaints.add(
                            where
                                    + "in network namespaces links can be cut and nothing else; use"
                                    + " network: proxies");
                }
                exists(where, link.peer());
                link(where, rule.victims(), link);
            }
            case Fault.Kill(Part part) -> part(where, kind, part);
            case Fault.Pause(Part part) -> part(where, kind, part);
            case Fault.Words _ -> {
                only(where, kind == Kind.AGENT, "agents");
                if (spec.namespaces()) {
                    complaints.add(
                            where
                                    + "words cannot be disturbed in network namespaces; use"
                                    + " network: proxies");
                }
                proxied(where, Plane.CONTROL);
            }
            case Fault.Abort _, Fault.FlipBit _ -> only(where, kind == Kind.AGENT, "agents");
            case Fault.Usurp _, Fault.CancelJob _ ->
                    only(where, kind == Kind.COORDINATOR, "the coordinator");
            case Fault.ExpireSession _ ->
                    only(where, kind != Kind.ZOOKEEPER, "agents and the coordinator");
            case Fault.Terminate _,
                    Fault.Starve _,
                    Fault.CrashLoop _,
                    Fault.FillDisk _,
                    Fault.LimitMemory _ -> {
                // For every process.
            }
        }
    }

    private void part(String where, Kind kind, Part part) {
        only(where, part == Part.HOST || kind == Kind.AGENT, "agents, which have workers");
    }

    private void only(String where, boolean fits, String whom) {
        if (!fits) {
            complaints.add(where + "this can be done to " + whom + " only");
        }
    }

    private void link(String where, Target some, Fault.Link link) {
        boolean itself =
                some instanceof Target.Agents(List<Integer> one)
                        && link.peer() instanceof Target.Agents(List<Integer> other)
                        && Set.copyOf(one).equals(Set.copyOf(other))
                        && Set.copyOf(one).size() == 1;
        if (itself) {
            complaints.add(where + "an agent has no link to itself");
            return;
        }
        Kind a = kind(some);
        Kind b = kind(link.peer());
        Plane plane = plane(a, b);
        if (plane == null) {
            complaints.add(
                    where
                            + "no link that can fail is there between them; links are agent to"
                            + " coordinator (control), agent to agent (data), and agent or"
                            + " coordinator to ZooKeeper (zookeeper)");
        } else if (!link.planes().contains(plane)) {
            complaints.add(
                    where
                            + "their link is of the plane "
                            + plane.name().toLowerCase(Locale.ROOT)
                            + ", which is not among those named");
        } else {
            proxied(where, plane);
        }
    }

    // Without a proxy nothing would happen, and every oracle would be content.
    private void proxied(String where, Plane plane) {
        if (spec.namespaces()) {
            return;
        }
        if (!spec.proxied().contains(plane)) {
            complaints.add(
                    where
                            + "no proxy stands before that plane: start the cluster with"
                            + " proxied(Plane."
                            + plane
                            + ") or @CoxswainTest(proxies = true)");
        }
    }

    private static @Nullable Plane plane(Kind a, Kind b) {
        if (a == Kind.AGENT && b == Kind.AGENT) {
            return Plane.DATA;
        }
        if (a == b) {
            return null;
        }
        return a == Kind.ZOOKEEPER || b == Kind.ZOOKEEPER ? Plane.ZOOKEEPER : Plane.CONTROL;
    }
}
