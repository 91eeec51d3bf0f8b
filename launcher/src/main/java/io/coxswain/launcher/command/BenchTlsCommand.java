package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.bench.BenchReport;
import io.coxswain.launcher.bench.BenchSettings;
import io.coxswain.launcher.bench.TlsBench;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;

/** {@code coxswain bench tls}. */
@Command(
        name = "tls",
        header =
                "What mutual TLS costs: the control plane's round trip with it beside one without,"
                        + " and the data plane with it beside a raw TLS connection, in turns.",
        footer = {
            "",
            "Examples:",
            "  coxswain bench tls",
            "  coxswain bench tls --quick",
            "  coxswain bench tls --copy 256 --runs 10 --json tls.json"
        })
public final class BenchTlsCommand extends BenchBase {
    @Option(
            names = "--copy",
            paramLabel = "MB",
            description =
                    "Size of one copy over the data plane, in units of 2^20 bytes. Default: 64;"
                            + " with --quick 16.")
    private @Nullable Integer copyMebibytes;

    @Option(
            names = "--trips",
            paramLabel = "N",
            description = "Heartbeats of one turn. Default: 1000; with --quick 100.")
    private @Nullable Integer trips;

    @Override
    BenchReport measure(BenchSettings settings)
            throws EnvironmentException, InterruptedException, IOException {
        int mebibytes = copyMebibytes == null ? quick() ? 16 : 64 : copyMebibytes;
        if (mebibytes < 1 || mebibytes > 512) {
            throw wrong("--copy " + mebibytes + ": expected 1 to 512");
        }
        int each = trips == null ? quick() ? 100 : 1_000 : trips;
        if (each < 1 || each > 1_000_000) {
            throw wrong("--trips " + each + ": expected 1 to 1000000");
        }
        return TlsBench.run(
                settings, new TlsBench.Options(each, (long) mebibytes << 20, runs(20, 4)));
    }
}
