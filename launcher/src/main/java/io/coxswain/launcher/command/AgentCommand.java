package io.coxswain.launcher.command;

import io.coxswain.launcher.service.AgentService;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code coxswain agent}. */
@Command(
        name = "agent",
        header = "Run the agent of a host; it starts the worker.",
        description = {
            "",
            "Registers with ZooKeeper, follows the leading coordinator and runs the worker until a"
                    + " signal ends it. SIGTERM is a notice that the machine is taken away: a spare"
                    + " takes the rank over, without a lost step, and the agent ends with exit code"
                    + " 0; at the deadline, or at a second SIGTERM, it ends whatever it has (143)."
                    + " Ctrl-C ends it at once (130)."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain agent --config examples/cluster/agent.yaml",
            "  coxswain agent --config agent.yaml --set id=host7 --set"
                    + " failureDomain=pod0/rack1/host7"
        })
public final class AgentCommand extends Shared implements Callable<Integer> {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            required = true,
            description = "The agent's file (YAML).")
    private Path config = Path.of("");

    @Option(
            names = "--set",
            paramLabel = "FIELD=VALUE",
            description = "Overrides any field of the file. Repeatable.")
    private Map<String, String> sets = new LinkedHashMap<>();

    @Option(
            names = "--preemption-deadline",
            paramLabel = "TIME",
            description =
                    "How long after SIGTERM the agent ends at the latest, such as 25s; 0s: at once."
                            + " Default: the field preemptionDeadline of the file, or 30s.")
    private @Nullable String preemptionDeadline;

    @CommandLine.Mixin private HttpOption http = new HttpOption();

    @CommandLine.Mixin private TlsOptions tls = new TlsOptions();

    @Override
    public Integer call() throws Exception {
        if (preemptionDeadline != null) {
            sets.put("preemptionDeadline", preemptionDeadline);
        }
        return AgentService.run(config, tls.into(http.into(sets)), System.out, System.err);
    }
}
