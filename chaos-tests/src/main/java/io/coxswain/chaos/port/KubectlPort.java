package io.coxswain.chaos.port;

import io.coxswain.chaos.nemesis.Deed;
import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.scenario.Part;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Agents in pods of their own names. A host's death is the pod's, which its controller makes again;
 * the rest are signals from within the container.
 */
public final class KubectlPort implements FaultPortProvider {
    @Override
    public String name() {
        return "kubectl";
    }

    @Override
    public FaultPort open(PortSettings settings, Whereabouts agents) {
        Map<String, List<String>> commands = new LinkedHashMap<>();
        LocalPort.lines()
                .forEach((name, line) ->
                        commands.put(
                                name,
                                List.of("kubectl", "exec", "{host}", "--", "sh", "-c", line)));
        commands.put(
                "kill",
                List.of(
                        "kubectl",
                        "delete",
                        "pod",
                        "{host}",
                        "--grace-period=0",
                        "--force",
                        "--wait=false"));
        commands.put("terminate", List.of("kubectl", "delete", "pod", "{host}", "--wait=false"));
        commands.put("start", List.of("none"));
        Map<String, List<String>> given = settings.commands();
        return new CommandFaults(
                settings,
                commands,
                (deed, part, site) ->
                        site.pid() == 1 && fromWithin(deed, part, given)
                                ? "agent "
                                        + site.agent()
                                        + " is process 1 of its container, which no signal from"
                                        + " within reaches: give the pod an init"
                                        + " (shareProcessNamespace: true), or the port's file"
                                        + " another command"
                                : "",
                agents);
    }

    // The kernel shields process 1 of a namespace from SIGKILL and SIGSTOP sent inside it.
    private static boolean fromWithin(Deed deed, Part part, Map<String, List<String>> given) {
        return switch (deed) {
            case KILL -> part == Part.AGENT && !given.containsKey("killAgent");
            case PAUSE ->
                    (part == Part.HOST && !given.containsKey("pause"))
                            || (part == Part.AGENT && !given.containsKey("pauseAgent"));
            case RESUME, TERMINATE, START -> false;
        };
    }
}
