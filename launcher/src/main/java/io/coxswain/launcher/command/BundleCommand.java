package io.coxswain.launcher.command;

import io.coxswain.launcher.runtimes.BundleExport;

import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code coxswain bundle}. */
@Command(
        name = "bundle",
        header = "Export JAX functions as a program bundle, which runs without Python.",
        description = {
            "",
            "Runs python3 -m coxswain.bundle (another Python: $$COXSWAIN_PYTHON) with all that"
                    + " follows, and ends with its exit code. Needs JAX: docs/bundle.md."
        },
        customSynopsis = "coxswain bundle [-h] FILE [OPTIONS]%n       coxswain bundle -- --help",
        footer = {
            "",
            "Examples:",
            "  coxswain bundle examples/digits-xla/model.py --out bundle --shards 1,2",
            "  coxswain bundle -- --help"
        })
public final class BundleCommand extends Shared implements Callable<Integer> {
    @Unmatched private List<String> arguments = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        Path home = Path.of(System.getProperty("coxswain.home", ".")).toAbsolutePath();
        return BundleExport.run(home, System.getenv(), arguments);
    }
}
