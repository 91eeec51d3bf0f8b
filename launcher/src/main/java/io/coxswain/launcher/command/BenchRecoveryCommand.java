package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.RecoveryBench;
import io.coxswain.launcher.config.ConfigException;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code coxswain bench recovery}. */
@Command(
        name = "recovery",
        header = "From SIGKILL to the next step at full strength.",
        footer = {
            "",
            "Examples:",
            "  coxswain bench recovery --state 100MB --kills 8",
            "  coxswain bench recovery --kind fetch --json fetch.json",
            "  coxswain bench recovery --kind worker --state 1MB --mesh 1x4"
        })
public final class BenchRecoveryCommand extends BenchBase {
    private static final long LARGE_BYTES = 10_000_000;
    private static final Pattern MESH = Pattern.compile("(\\d{1,3})[xX×](\\d{1,3})");

    @Option(
            names = "--state",
            paramLabel = "SIZE",
            description = "State per rank. Default: 100MB; with --quick 1MB.")
    private @Nullable String state;

    @Option(
            names = "--kills",
            paramLabel = "N",
            description =
                    "Deaths, one after another; the same as --runs. Default: 7; with --quick 2.")
    private @Nullable Integer kills;

    @Option(
            names = "--kind",
            paramLabel = "KIND",
            defaultValue = "host",
            description = {
                "host: a host dies and the spare holds the copy. worker: a worker dies alone.",
                "fetch: a host dies and the spare fetches the state from the replica. Default:"
                        + " ${DEFAULT-VALUE}."
            })
    private RecoveryBench.Kind kind = RecoveryBench.Kind.HOST;

    @Option(
            names = "--mesh",
            paramLabel = "RxS",
            description = {
                "Replicas × shards. Default: 2x2; 2x1 with more than 10MB of state, since two",
                "shards of 100 MB take two cores longer to copy than a recovery may take."
            })
    private @Nullable String mesh;

    @Option(
            names = "--min-step",
            paramLabel = "MS",
            description =
                    "How long a step takes at least. Default: 20 ms, and as long as its copies"
                            + " take at 0.6 of the raw loopback, measured first.")
    private @Nullable Integer minStepMillis;

    @Override
    BenchReport measure(BenchSettings settings)
            throws ConfigException, EnvironmentException, InterruptedException, IOException {
        String size = state != null ? state : quick() ? "1MB" : "100MB";
        boolean large = settings.job(Map.of("runtime.ballast", size)).ballastBytes() > LARGE_BYTES;
        String shape = mesh != null ? mesh : large ? "2x1" : "2x2";
        Matcher cut = MESH.matcher(shape);
        if (!cut.matches()) {
            throw wrong("--mesh " + shape + ": expected replicas and shards such as 2x2 or 1x4");
        }
        int deaths = kills == null ? runs(7, 2) : kills;
        if (deaths < 1 || deaths > 1_000) {
            throw wrong("--kills " + deaths + ": expected 1 to 1000");
        }
        return RecoveryBench.run(
                settings,
                new RecoveryBench.Options(
                        size,
                        deaths,
                        kind,
                        Integer.parseInt(cut.group(1)),
                        Integer.parseInt(cut.group(2)),
                        minStepMillis == null ? -1 : minStepMillis));
    }
}
