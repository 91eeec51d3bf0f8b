package io.coxswain.launcher.local;

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

    private AgentLines() {}

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
