package io.coxswain.chaos.scenario;

import io.coxswain.agent.core.StepPhase;
import io.coxswain.coordinator.EventText;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.ConfigFile;
import io.coxswain.launcher.config.ConfigSection;

import org.jspecify.annotations.Nullable;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** A scenario as YAML, for people who do not write Java; {@code docs/chaos.md} has each field. */
public final class ScenarioFile {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
    private static final Duration LONGEST = Duration.ofHours(24);
    private static final List<String> VERBS =
            List.of(
                    "kill",
                    "killWorker",
                    "killAgent",
                    "pause",
                    "pauseAgent",
                    "pauseWorker",
                    "terminate",
                    "starve",
                    "crashLoop",
                    "expireSession",
                    "flipBit",
                    "fillDisk",
                    "abortWorker",
                    "limitMemory",
                    "usurp",
                    "cancelJob",
                    "duplicate",
                    "reorder",
                    "delayMessages",
                    "link");
    private static final List<String> SOURCES =
            List.of("live", "local", "peer-copy", "fetched", "init");

    private final Path file;
    private final List<String> oracles;
    private int zookeepers = 1;

    private ScenarioFile(Path file, List<String> oracles) {
        this.file = file;
        this.oracles = oracles;
    }

    /**
     * Reads and checks a file.
     *
     * @param oracles the names that it may use
     * @throws ConfigException with every complaint, each with its line and column
     */
    public static Scenario read(Path file, List<String> oracles) throws ConfigException {
        return new ScenarioFile(file, oracles).read();
    }

    private Scenario read() throws ConfigException {
        ConfigSection root = ConfigFile.read(file, Map.of());
        root.require("name", "about", "job", "rules");
        String name = root.text("name", "unnamed", NAME, "a name of a-z, 0-9 and '-'");
        String about = root.text("about", "");
        List<Integer> faults =
                root.wholes("faults", List.of(), 0, 29, 1, 29).stream()
                        .map(Long::intValue)
                        .toList();
        String target = root.text("target", "");
        Setup setup = setup(root);
        var rules = new ArrayList<Rule>();
        for (ConfigSection section : root.sections("rules")) {
            Rule rule = rule(section);
            if (rule != null) {
                rules.add(rule);
            }
        }
        ConfigSection expect = root.section("expect");
        Expectation expectation = expectation(expect);
        List<String> chosen = expect.textList("oracles");
        among(expect, "oracles", chosen, oracles);
        if (expect.has("oracles") && chosen.isEmpty()) {
            expect.complain("oracles", "found none; leave it out for all but loss");
        }
        root.finish();
        return new Scenario(name, about, faults, target, setup, rules, expectation, chosen);
    }

    private static void among(
            ConfigSection section, String field, List<String> found, List<String> known) {
        for (String one : found) {
            if (!known.contains(one)) {
                section.complain(
                        field, "found '" + one + "', expected some of " + String.join(", ", known));
            }
        }
    }

    private Setup setup(ConfigSection root) {
        ConfigSection cluster = root.section("cluster");
        int spares = (int) cluster.whole("spares", 1, 0, 100);
        int rack = (int) cluster.whole("rack", 1, 1, 100);
        Duration session =
                cluster.duration(
                        "session", Setup.SESSION, Duration.ofSeconds(1), Duration.ofSeconds(60));
        Duration limit = cluster.duration("limit", Setup.LIMIT, Duration.ofSeconds(1), LONGEST);
        zookeepers = (int) cluster.whole("zookeepers", 1, 1, 5);
        int standbys = (int) cluster.whole("standbys", 0, 0, 3);
        String network = cluster.choice("network", "proxies", List.of("proxies", "namespaces"));
        ConfigSection job = root.section("job");
        if (root.has("job")) {
            job.require("file");
        }
        Path path = file.toAbsolutePath().normalize().resolveSibling(job.text("file", "."));
        if (job.has("file") && !Files.isReadable(path)) {
            job.complain(
                    "file", "no such file: " + path + "; it is relative to this file's folder");
        }
        return new Setup(
                path,
                job.texts("set"),
                spares,
                rack,
                session,
                limit,
                zookeepers,
                network.equals("namespaces"),
                standbys);
    }

    private @Nullable Rule rule(ConfigSection section) {
        section.require("at");
        Coordinate at = coordinate(section.section("at"));
        List<String> verbs = section.names().stream().filter(VERBS::contains).toList();
        if (verbs.size() != 1) {
            VERBS.forEach(section::has);
            section.complain(
                    verbs.isEmpty() ? "kill" : verbs.get(1),
                    "found "
                            + (verbs.isEmpty() ? "no fault" : String.join(" and ", verbs))
                            + ", expected exactly one of "
                            + String.join(", ", VERBS));
            return null;
        }
        Rule rule = fault(section, verbs.getFirst(), at);
        Healing healing = healing(section);
        int times = (int) section.whole("times", Integer.MAX_VALUE, 1, Integer.MAX_VALUE);
        if (rule == null || at == null) {
            return null;
        }
        if (section.has("times") && !(at instanceof Coordinate.Every)) {
            section.complain("times", "only {every} fires more than once");
        }
        return rule.heal(healing).atMost(times);
    }

    private static @Nullable Coordinate coordinate(ConfigSection at) {
        String phases = at.has("recovery") ? "recovery" : "step";
        List<String> known =
                phases.equals("recovery")
                        ? names(Incident.Phase.values())
                        : names(StepPhase.values());
        String phase =
                at.choice("phase", phases.equals("recovery") ? "restore" : "execute", known)
                        .toUpperCase(Locale.ROOT);
        int agent = (int) at.whole("agent", -1, 0, 1_000);
        long step = at.whole("step", -1, 0, Long.MAX_VALUE);
        int recovery = (int) at.whole("recovery", -1, 1, 1_000_000);
        String event = at.choice("event", "", EventText.kinds());
        int number = (int) at.whole("number", 1, 1, 1_000_000);
        int rule = (int) at.whole("rule", -1, 0, 1_000);
        Duration every = at.duration("every", Duration.ZERO, Duration.ofMillis(10), LONGEST);
        long said =
                List.of(step >= 0, recovery > 0, !every.isZero(), !event.isEmpty(), rule >= 0)
                        .stream()
                        .filter(Boolean::booleanValue)
                        .count();
        if (!event.isEmpty() && said == 1) {
            return new Coordinate.Told(event, number);
        }
        if (rule >= 0 && said == 1) {
            return new Coordinate.Fired(rule);
        }
        int first = phase.equals(StepPhase.RESTORE.name()) ? 0 : 1;
        if (said != 1 || (agent >= 0 && step < first)) {
            // A value that was complained of stands as its default here: that was enough.
            boolean usable =
                    List.of("step", "recovery", "every", "event", "rule").stream()
                                    .filter(at::has)
                                    .count()
                            == said;
            if (!usable) {
                return null;
            }
            at.complain(
                    "step",
                    "expected {agent, step (from 1), phase}, {step}, {recovery, phase}, {event,"
                            + " number}, {rule} or {every}");
            return null;
        }
        if (at.has("phase") && recovery < 0 && agent < 0) {
            at.complain("phase", "only {agent, step, phase} and {recovery, phase} have one");
        }
        if (recovery > 0) {
            return new Coordinate.Recovery(recovery, Incident.Phase.valueOf(known(phase, known)));
        }
        if (!every.isZero()) {
            return new Coordinate.Every(every);
        }
        return agent >= 0
                ? new Coordinate.AgentStep(agent, step, StepPhase.valueOf(known(phase, known)))
                : new Coordinate.Step(step);
    }

    // What was complained of stands as its default here already.
    private static String known(String phase, List<String> known) {
        return known.contains(phase.toLowerCase(Locale.ROOT))
                ? phase
                : known.getFirst().toUpperCase(Locale.ROOT);
    }

    private static List<String> names(Enum<?>[] values) {
        return Arrays.stream(values).map(value -> value.name().toLowerCase(Locale.ROOT)).toList();
    }

    private @Nullable Target target(ConfigSection section, String field) {
        String words = section.text(field, "");
        Target target = Targets.parse(words);
        if (target == null && section.has(field)) {
            section.complain(field, "found '" + words + "', expected " + Targets.EXPECTED);
        }
        if (target instanceof Target.ZooKeepers(List<Integer> indices)) {
            for (int index : indices) {
                if (index >= zookeepers) {
                    section.complain(
                            field,
                            "found zookeeper "
                                    + index
                                    + ", expected one of 0 to "
                                    + (zookeepers - 1)
                                    + ", as {cluster: {zookeepers: "
                                    + zookeepers
                                    + "}} has it");
                }
            }
        }
        return target;
    }

    private @Nullable Rule fault(ConfigSection section, String verb, @Nullable Coordinate at) {
        // A stand-in where the coordinate was complained of: the other complaints come too.
        var when = new When(at == null ? new Coordinate.Step(0) : at, null);
        if (verb.equals("link")) {
            return link(section.section("link"), when);
        }
        Target whom = target(section, verb);
        Fault fault =
                switch (verb) {
                    case "kill" -> new Fault.Kill(Part.HOST);
                    case "killWorker" -> new Fault.Kill(Part.WORKER);
                    case "killAgent" -> new Fault.Kill(Part.AGENT);
                    case "pause" -> new Fault.Pause(Part.HOST);
                    case "pauseAgent" -> new Fault.Pause(Part.AGENT);
                    case "pauseWorker" -> new Fault.Pause(Part.WORKER);
                    case "terminate" -> new Fault.Terminate();
                    case "starve" ->
                            new Fault.Starve(
                                    time(section, "stopped", Duration.ofMillis(150)),
                                    time(section, "running", Duration.ofMillis(50)));
                    case "crashLoop" ->
                            new Fault.CrashLoop(
                                    (int) section.whole("crashes", 3, 1, 1_000),
                                    time(section, "uptime", Duration.ofSeconds(5)));
                    case "expireSession" -> new Fault.ExpireSession();
                    case "fillDisk" -> new Fault.FillDisk();
                    case "flipBit" ->
                            new Fault.FlipBit(
                                    section.choice("memory", "copy", List.of("copy", "snapshot"))
                                                    .equals("copy")
                                            ? Fault.Memory.COPY
                                            : Fault.Memory.SNAPSHOT);
                    case "abortWorker" -> new Fault.Abort();
                    case "limitMemory" -> new Fault.LimitMemory();
                    case "usurp" -> new Fault.Usurp();
                    case "cancelJob" -> new Fault.CancelJob();
                    case "duplicate" -> words(section, WordEffect.Kind.DUPLICATE);
                    case "reorder" -> words(section, WordEffect.Kind.REORDER);
                    case "delayMessages" -> words(section, WordEffect.Kind.DELAY);
                    default -> throw new IllegalStateException("no such verb: " + verb);
                };
        if ((fault instanceof Fault.Usurp || fault instanceof Fault.CancelJob)
                && whom != null
                && !(whom instanceof Target.Coordinator)) {
            section.complain(
                    verb, "found " + whom.text() + ", expected coordinator: nobody else leads");
        }
        return whom == null ? null : when.bring(whom, fault);
    }

    private static Fault words(ConfigSection section, WordEffect.Kind kind) {
        return new Fault.Words(
                new WordEffect(
                        kind,
                        section.decimal("probability", 0.2, 0, 1),
                        time(section, "latest", When.LATEST),
                        section.whole("seed", 1, Long.MIN_VALUE, Long.MAX_VALUE)));
    }

    private static Duration time(ConfigSection section, String field, Duration fallback) {
        return section.duration(field, fallback, Duration.ofMillis(1), LONGEST);
    }

    private @Nullable Rule link(ConfigSection link, When when) {
        link.require("between", "and", "effect");
        Target some = target(link, "between");
        Target others = target(link, "and");
        String effect =
                link.choice(
                        "effect",
                        "cut",
                        List.of("cut", "latency", "bandwidth", "reset", "cutAfter", "flipBit"));
        Duration latency = time(link, "latency", Duration.ofMillis(20));
        long bandwidth = link.size("bandwidth", 1 << 20, 1, 1L << 40);
        long after = link.size("afterBytes", 0, 0, 1L << 50);
        LinkEffect what =
                switch (effect) {
                    case "latency" -> new LinkEffect.Latency(latency);
                    case "bandwidth" -> new LinkEffect.Bandwidth(bandwidth);
                    case "reset" -> new LinkEffect.Reset();
                    case "cutAfter" -> new LinkEffect.CutAfter(after);
                    case "flipBit" -> new LinkEffect.FlipBit(after);
                    default -> new LinkEffect.Cut();
                };
        unused(link, effect, "latency", Set.of("latency"));
        unused(link, effect, "bandwidth", Set.of("bandwidth"));
        unused(link, effect, "afterBytes", Set.of("cutAfter", "flipBit"));
        boolean oneWay = link.choice("oneWay", "false", List.of("true", "false")).equals("true");
        Set<Plane> planes = planes(link);
        if (some == null || others == null) {
            return null;
        }
        return when.bring(some, new Fault.Link(others, planes, oneWay, what));
    }

    private static void unused(
            ConfigSection link, String effect, String field, Set<String> effects) {
        if (link.has(field) && !effects.contains(effect)) {
            link.complain(
                    field,
                    "is for the effect "
                            + String.join(" or ", effects.stream().sorted().toList())
                            + ", not for "
                            + effect);
        }
    }

    private static Set<Plane> planes(ConfigSection link) {
        List<String> named = link.textList("planes");
        List<String> known = names(Plane.values());
        among(link, "planes", named, known);
        Set<Plane> planes = EnumSet.noneOf(Plane.class);
        named.stream()
                .filter(known::contains)
                .forEach(plane -> planes.add(Plane.valueOf(plane.toUpperCase(Locale.ROOT))));
        return planes.isEmpty() ? EnumSet.allOf(Plane.class) : planes;
    }

    private static Healing healing(ConfigSection section) {
        ConfigSection heal = section.section("heal");
        long steps = heal.whole("steps", -1, 1, Long.MAX_VALUE);
        Duration after = heal.duration("after", Duration.ZERO, Duration.ofMillis(1), LONGEST);
        boolean recovery =
                heal.choice("recovery", "false", List.of("true", "false")).equals("true");
        long said =
                List.of(steps > 0, !after.isZero(), recovery).stream()
                        .filter(Boolean::booleanValue)
                        .count();
        if (said > 1) {
            heal.complain("steps", "expected one of {steps}, {after} and {recovery: true}");
        }
        if (steps > 0) {
            return new Healing.AfterSteps(steps);
        }
        if (!after.isZero()) {
            return new Healing.After(after);
        }
        return recovery ? new Healing.AfterRecovery() : new Healing.AtEnd();
    }

    private static Expectation expectation(ConfigSection expect) {
        boolean completes =
                expect.choice("outcome", "completed", List.of("completed", "failed"))
                        .equals("completed");
        String says = expect.text("says", "");
        long lost = expect.whole("mostStepsLost", -1, 0, Long.MAX_VALUE);
        int least = (int) expect.whole("leastIncidents", 0, 0, 1_000_000);
        int most = (int) expect.whole("mostIncidents", -1, 0, 1_000_000);
        List<String> sources = expect.textList("sources");
        among(expect, "sources", sources, SOURCES);
        boolean all =
                expect.choice("everyFaultFires", "true", List.of("true", "false")).equals("true");
        int takeovers = (int) expect.whole("leastTakeovers", 0, 0, 1_000_000);
        Duration normal =
                expect.duration("normalWithin", Duration.ZERO, Duration.ofMillis(1), LONGEST);
        return new Expectation(completes, says, lost, least, most, sources, all, takeovers, normal);
    }
}
