package io.coxswain.launcher.local;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** The lines between the launcher and its agent processes. */
final class AgentLines {
    /** Agent → launcher: its data plane listens on the port that follows. */
    static final String UP = "up";

    /** Agent → launcher: it stopped at a coordinate that it was told to hold. */
    static final String REACHED = "reached";

    /** Launcher → agent: ZooKeeper is there; begin. */
    static final String CONNECT = "connect";

    /** Launcher → agent: stop at the first coordinate at or after this one. */
    static final String HOLD = "hold";

    /** Launcher → agent: go on. */
    static final String RELEASE = "release";

    /** Launcher → agent, before it begins: a variable for its workers. */
    static final String ENVIRONMENT = "environment";

    private AgentLines() {}

    static String environment(String name, String value) {
        return ENVIRONMENT
                + " "
                + name
                + " "
                + Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8));
    }

    static String decoded(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    static String connect(String zookeeper) {
        return CONNECT + " " + zookeeper;
    }

    static String up(int dataPort) {
        return UP + " " + dataPort;
    }

    static String hold(long step, String phase) {
        return HOLD + " " + step + " " + phase;
    }

    static String reached(long step, String phase) {
        return REACHED + " " + step + " " + phase;
    }

    static AgentProcess.Reached reached(String rest) {
        String[] words = rest.split(" ", 2);
        return new AgentProcess.Reached(Long.parseLong(words[0]), words[1]);
    }
}
