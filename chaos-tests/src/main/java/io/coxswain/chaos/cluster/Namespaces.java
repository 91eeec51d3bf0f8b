package io.coxswain.chaos.cluster;

import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Impairment;
import io.coxswain.chaos.nemesis.Victim;
import io.coxswain.chaos.scenario.LinkEffect;
import io.coxswain.chaos.scenario.Plane;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A network of the cluster's own: each agent in a network namespace with an address of its own, all
 * joined by a bridge, at which coordinator and ZooKeeper listen. Links are cut by rules of nft that
 * drop packets: unlike before a proxy, what was sent is lost and sent again by the kernel. Needs
 * root and the programs {@code ip} and {@code nft}. Blocking; thread-safe once it is made.
 */
final class Namespaces implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Namespaces.class);

    /** Set aside for tests between networks (RFC 2544), so that nobody's network has it. */
    private static final String NET = "198.18.";

    private static final int SUBNETS = 256;
    private static final int ATTEMPTS = 20;
    private static final int FIRST_AGENT = 10;
    private static final long COMMAND_SECONDS = 20;
    private static final String TABLE = "coxswain";
    private static final Pattern HANDLE = Pattern.compile("# handle (\\d+)");

    private final List<String> agents;
    private final int subnet;
    private final List<List<String>> undo = new CopyOnWriteArrayList<>();

    /** A rule that drops packets. */
    private record Rule(String space, String chain, String handle) {}

    /** What of the machine lets no such network be; empty if it can. */
    static String missing() {
        try {
            if (!"0".equals(ownUser())) {
                return "it needs root, to make network namespaces";
            }
            for (String program : List.of("ip", "nft")) {
                if (!isInstalled(program)) {
                    return "it needs the program '" + program + "', which is not installed";
                }
            }
            String name = "coxswain-probe-" + ProcessHandle.current().pid();
            run("ip", "netns", "add", name);
            try {
                run("ip", "netns", "exec", name, "nft", "add table inet " + TABLE);
            } finally {
                run("ip", "netns", "delete", name);
            }
            return "";
        } catch (IOException e) {
            return "network namespaces cannot be made: " + e.getMessage();
        }
    }

    private static String ownUser() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("Uid:"))
                    .map(line -> line.split("\\s+", -1)[2])
                    .findFirst()
                    .orElse("");
        }
    }

    private static boolean isInstalled(String program) {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
                return true;
            }
        }
        return Files.isExecutable(Path.of("/usr/sbin", program));
    }

    private Namespaces(List<String> agents, int subnet) {
        this.agents = List.copyOf(agents);
        this.subnet = subnet;
    }

    /**
     * Makes the network of those agents.
     *
     * @throws IOException if the machine does not let it; nothing stays then
     */
    static Namespaces make(List<String> agents) throws IOException {
        var random = new SecureRandom();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            var made = new Namespaces(agents, random.nextInt(SUBNETS));
            if (isTaken(made.serviceHost())) {
                continue;
            }
            try {
                made.build();
                return made;
            } catch (IOException e) {
                made.close();
                throw e;
            }
        }
        throw new IOException("found no free network below " + NET + "0.0");
    }

    private static boolean isTaken(String address) throws IOException {
        return NetworkInterface.getByInetAddress(InetAddress.ofLiteral(address)) != null;
    }

    private void build() throws IOException {
        String bridge = "cx" + subnet + "br";
        run("ip", "link", "add", bridge, "type", "bridge");
        undo.add(List.of("ip", "link", "delete", bridge));
        run("ip", "address", "add", serviceHost() + "/24", "dev", bridge);
        run("ip", "link", "set", bridge, "up");
        for (int i = 0; i < agents.size(); i++) {
            String space = space(i);
            String outer = "cx" + subnet + "v" + i;
            run("ip", "netns", "add", space);
            undo.add(List.of("ip", "netns", "delete", space));
            run("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", space);
            run("ip", "link", "set", outer, "master", bridge);
            run("ip", "link", "set", outer, "up");
            run("ip", "-n", space, "address", "add", host(i) + "/24", "dev", "eth0");
            run("ip", "-n", space, "link", "set", "lo", "up");
            run("ip", "-n", space, "link", "set", "eth0", "up");
            nft(space, "add table inet " + TABLE);
            for (String way : List.of("input", "output")) {
                nft(
                        space,
                        "add chain inet %s %s { type filter hook %s priority 0 ; }"
                                .formatted(TABLE, way, way));
            }
        }
    }

    /** Where coordinator and ZooKeeper listen. */
    String serviceHost() {
        return NET + subnet + ".1";
    }

    /** Where an agent listens. */
    String host(int agent) {
        return NET + subnet + "." + (FIRST_AGENT + agent);
    }

    private String space(int agent) {
        return "coxswain-" + subnet + "-" + agent;
    }

    /** What a command that is to run in an agent's namespace begins with. */
    List<String> enter(int agent) {
        return List.of("ip", "netns", "exec", space(agent));
    }

    /**
     * Drops what parties send each other, until the cure.
     *
     * @param portOf where a party that is no agent listens
     * @throws IOException if it is no cut, or no rule can stand there
     */
    FaultPort.Cure cut(Impairment what, ToIntFunction<String> portOf) throws IOException {
        if (!(what.effect() instanceof LinkEffect.Cut)) {
            throw new IOException("in network namespaces links can be cut and nothing else");
        }
        List<Rule> added = new ArrayList<>();
        FaultPort.Cure cure =
                () -> {
                    for (Rule rule : added) {
                        nft(
                                rule.space(),
                                "delete rule inet %s %s handle %s"
                                        .formatted(TABLE, rule.chain(), rule.handle()));
                    }
                };
        try {
            for (String from : what.from()) {
                for (String to : what.to()) {
                    drop(what, from, to, portOf, added);
                    if (!what.oneWay()) {
                        drop(what, to, from, portOf, added);
                    }
                }
            }
        } catch (IOException e) {
            cure.heal();
            throw e;
        }
        return cure;
    }

    // The rule stands at an agent: at the sender's end if that is one, else at the receiver's.
    private void drop(
            Impairment what,
            String sender,
            String receiver,
            ToIntFunction<String> portOf,
            List<Rule> added)
            throws IOException {
        int from = agents.indexOf(sender);
        int to = agents.indexOf(receiver);
        if (from < 0 && to < 0) {
            throw new IOException(
                    "no rule can stand between " + sender + " and " + receiver + " here");
        }
        Plane plane = from >= 0 && to >= 0 ? Plane.DATA : service(from < 0 ? sender : receiver);
        if (from == to || !what.planes().contains(plane)) {
            return;
        }
        String chain = from >= 0 ? "output" : "input";
        String match;
        if (from >= 0 && to >= 0) {
            match = "ip daddr " + host(to);
        } else if (from >= 0) {
            match = "ip daddr " + serviceHost() + " tcp dport " + portOf.applyAsInt(receiver);
        } else {
            match = "ip saddr " + serviceHost() + " tcp sport " + portOf.applyAsInt(sender);
        }
        String space = space(from >= 0 ? from : to);
        String said =
                run(
                        "ip",
                        "netns",
                        "exec",
                        space,
                        "nft",
                        "--echo",
                        "--handle",
                        "add rule inet %s %s %s drop".formatted(TABLE, chain, match));
        Matcher handle = HANDLE.matcher(said);
        if (!handle.find()) {
            throw new IOException("nft named no handle of its rule: " + said);
        }
        added.add(new Rule(space, chain, handle.group(1)));
    }

    private static Plane service(String party) {
        return party.startsWith(Victim.ZOOKEEPER) ? Plane.ZOOKEEPER : Plane.CONTROL;
    }

    private static void nft(String space, String command) throws IOException {
        run("ip", "netns", "exec", space, "nft", command);
    }

    private static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(String.join(" ", command) + " does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + String.join(" ", command), e);
        }
        if (process.exitValue() != 0) {
            throw new IOException(String.join(" ", command) + ": " + said);
        }
        return said;
    }

    /** Takes it all away; no process of an agent may live in it any more. */
    @Override
    public void close() {
        for (List<String> command : List.copyOf(undo).reversed()) {
            try {
                run(command.toArray(String[]::new));
                undo.remove(command);
            } catch (IOException e) {
                LOG.warn("a part of the cluster's network stays", e);
            }
        }
    }
}
