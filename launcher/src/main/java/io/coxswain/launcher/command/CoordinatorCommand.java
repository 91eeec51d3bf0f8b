package io.coxswain.launcher.command;

import io.coxswain.launcher.service.CoordinatorService;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code coxswain coordinator}. */
@Command(
        name = "coordinator",
        header = "Run a coordinator, over an external ZooKeeper.",
        description = {
            "",
            "Stands for election and leads jobs until a signal ends it (exit code 143, or 130 after"
                    + " Ctrl-C)."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain coordinator --config examples/cluster/coordinator.yaml",
            "  coxswain coordinator --config coordinator.yaml --journal events.jsonl",
            "  coxswain coordinator --config coordinator.yaml --set bind.port=7401 --set id=standby"
        })
public final class CoordinatorCommand extends Shared implements Callable<Integer> {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            required = true,
            description = "The coordinator's file (YAML).")
    private Path config = Path.of("");

    @Option(
            names = "--set",
            paramLabel = "FIELD=VALUE",
            description = "Overrides any field of the file. Repeatable.")
    private Map<String, String> sets = new LinkedHashMap<>();

    @CommandLine.Mixin private HttpOption http = new HttpOption();

    @CommandLine.Mixin private TlsOptions tls = new TlsOptions();

    @Option(
            names = "--journal",
            paramLabel = "FILE",
            description =
                    "Writes every event there, a JSON line each, and goes on at its end. Overrides"
                            + " the field journal.")
    private @Nullable Path journal;

    @Override
    public Integer call() throws Exception {
        return CoordinatorService.run(
                config, tls.into(http.into(sets)), journal, System.out, System.err);
    }
}
