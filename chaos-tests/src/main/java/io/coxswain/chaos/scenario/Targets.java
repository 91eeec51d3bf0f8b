package io.coxswain.chaos.scenario;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Targets as words in a file. Stateless. */
final class Targets {
    static final String EXPECTED =
            "agent N, agents N, M, rack N, random agent, spare, donor, recipient, coordinator,"
                    + " zookeeper, zookeeper N, zookeepers N, M or zookeeper leader";

    private static final Pattern AGENTS =
            Pattern.compile("agents?\\s+(\\d{1,6}(\\s*,\\s*\\d{1,6})*)");
    private static final Pattern ZOOKEEPERS =
            Pattern.compile("zookeepers?\\s+(\\d{1,6}(\\s*,\\s*\\d{1,6})*)");
    private static final Pattern RACK = Pattern.compile("rack\\s+(\\d{1,6})");

    private Targets() {}

    /** Null if the words name nobody. */
    static @Nullable Target parse(String words) {
        String text = words.strip().toLowerCase(Locale.ROOT);
        Matcher agents = AGENTS.matcher(text);
        if (agents.matches()) {
            return new Target.Agents(numbers(agents.group(1)));
        }
        Matcher zookeepers = ZOOKEEPERS.matcher(text);
        if (zookeepers.matches()) {
            return new Target.ZooKeepers(numbers(zookeepers.group(1)));
        }
        Matcher rack = RACK.matcher(text);
        if (rack.matches()) {
            return new Target.Rack(Integer.parseInt(rack.group(1)));
        }
        return switch (text) {
            case "random agent" -> new Target.Role(Target.Kind.RANDOM_AGENT);
            case "spare" -> new Target.Role(Target.Kind.SPARE);
            case "donor" -> new Target.Role(Target.Kind.DONOR);
            case "recipient" -> new Target.Role(Target.Kind.RECIPIENT);
            case "coordinator" -> new Target.Coordinator();
            case "zookeeper" -> new Target.ZooKeeper();
            case "zookeeper leader" -> new Target.ZooKeeperLeader();
            default -> null;
        };
    }

    private static List<Integer> numbers(String list) {
        return Arrays.stream(list.split("\\s*,\\s*", -1)).map(Integer::parseInt).toList();
    }
}
