package io.coxswain.chaos.port;

import io.coxswain.chaos.nemesis.FaultPort;

import java.util.LinkedHashMap;
import java.util.List;

/** Signals over ssh, to the address under which an agent's peers reach it. */
public final class SshPort implements FaultPortProvider {
    @Override
    public String name() {
        return "ssh";
    }

    @Override
    public FaultPort open(PortSettings settings, Whereabouts agents) {
        var commands = new LinkedHashMap<String, List<String>>();
        LocalPort.lines()
                .forEach((name, line) ->
                        commands.put(
                                name,
                                List.of(
                                        "ssh",
                                        "-o",
                                        "BatchMode=yes",
                                        "-o",
                                        "ConnectTimeout=5",
                                        "{address}",
                                        line)));
        return new CommandFaults(settings, commands, (deed, part, site) -> "", agents);
    }
}
