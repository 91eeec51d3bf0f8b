package io.coxswain.launcher.command;

import io.coxswain.bridge.pjrt.plugins.CacheFolder;
import io.coxswain.bridge.pjrt.plugins.CompiledPrograms;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.console.Texts;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Callable;

/** {@code coxswain runtime prune}. */
@Command(
        name = "prune",
        header = "Delete compiled programs that were used long ago.",
        description = {
            "",
            "Workers do so whenever they have compiled one: they keep 2 GiB that were used within"
                    + " 30 days, unless $$COXSWAIN_CACHE_BYTES and $$COXSWAIN_CACHE_DAYS say"
                    + " otherwise. Whatever is deleted is compiled again when it is needed."
        },
        footer = {"", "Examples:", "  coxswain runtime prune", "  coxswain runtime prune --all"})
public final class RuntimePruneCommand extends Shared implements Callable<Integer> {
    @Option(names = "--all", description = "Deletes all of them.")
    private boolean all;

    @Override
    public Integer call() throws Exception {
        Path folder = CacheFolder.ofThisProcess().executables();
        var programs = new CompiledPrograms(folder);
        try {
            CompiledPrograms.Usage deleted =
                    all
                            ? programs.clear()
                            : programs.prune(
                                    CompiledPrograms.Limits.ofThisProcess(), Instant.now());
            CompiledPrograms.Usage left = programs.usage();
            System.out.println(
                    "deleted %s (%s); %s (%s) left in %s"
                            .formatted(
                                    Texts.count(deleted.programs(), "compiled program"),
                                    Texts.bytes(deleted.bytes()),
                                    left.programs(),
                                    Texts.bytes(left.bytes()),
                                    folder));
        } catch (IOException e) {
            throw new EnvironmentException(
                    "the compiled programs in %s cannot be deleted: %s".formatted(folder, e), e);
        } catch (IllegalArgumentException e) {
            throw new EnvironmentException(String.valueOf(e.getMessage()), e);
        }
        return ExitCode.COMPLETED;
    }
}
