package io.coxswain.chaos.port;

import io.coxswain.chaos.nemesis.FaultPort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Signals to agents on this machine, and nowhere else. */
public final class LocalPort implements FaultPortProvider {
    private static final Path NAME = Path.of("/proc/sys/kernel/hostname");

    @Override
    public String name() {
        return "local";
    }

    @Override
    public FaultPort open(PortSettings settings, Whereabouts agents) {
        String here;
        try {
            here = Files.readString(NAME).strip();
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "this machine does not tell its name, so nobody knows which agents are here",
                    e);
        }
        return new CommandFaults(
                settings,
                commands(),
                (deed, part, site) ->
                        site.host().equals(here)
                                ? ""
                                : "agent "
                                        + site.agent()
                                        + " runs on "
                                        + site.host()
                                        + ", and this is "
                                        + here
                                        + ": use port ssh or kubectl",
                agents);
    }

    /** Lines for a shell on the agent's machine. */
    static Map<String, String> lines() {
        var lines = new LinkedHashMap<String, String>();
        lines.put("kill", "kill -KILL {pid} $(pgrep -P {pid})");
        lines.put("killAgent", "kill -KILL {pid}");
        lines.put("killWorker", "pkill -KILL -P {pid}");
        lines.put("pause", "kill -STOP {pid} $(pgrep -P {pid})");
        lines.put("pauseAgent", "kill -STOP {pid}");
        lines.put("pauseWorker", "pkill -STOP -P {pid}");
        // What is gone needs no waking.
        lines.put("resume", "! kill -0 {pid} || kill -CONT {pid} $(pgrep -P {pid})");
        lines.put("resumeAgent", "! kill -0 {pid} || kill -CONT {pid}");
        lines.put("resumeWorker", "pkill -CONT -P {pid} || true");
        lines.put("terminate", "kill -TERM {pid}");
        return lines;
    }

    private static Map<String, List<String>> commands() {
        var commands = new LinkedHashMap<String, List<String>>();
        lines().forEach((name, line) -> commands.put(name, List.of(line)));
        return commands;
    }
}
