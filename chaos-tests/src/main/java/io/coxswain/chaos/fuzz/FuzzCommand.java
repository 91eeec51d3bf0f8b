package io.coxswain.chaos.fuzz;

import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.local.RunFolder;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

/** Feeds bad input to every parser. */
@Command(
        name = "fuzz",
        header = "Feed mutated recordings to every parser.",
        description = {
            "",
            "Ends at the first input on which a parser does not behave: it throws what is no"
                    + " refusal, takes memory without measure, or does not come back. The same seed"
                    + " makes the same inputs."
        },
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  coxswain fuzz --minutes 10",
            "  coxswain fuzz --target znodes --minutes 1 --seed 7",
            "  coxswain fuzz --target znodes --seed 7 --input 4711"
        })
public final class FuzzCommand implements Callable<Integer> {
    private static final int MOST_MINUTES = 1_000_000;
    private static final long MINUTE_NANOS = 60_000_000_000L;
    private static final long PROGRESS_NANOS = 10_000_000_000L;
    private static final long ROUND = 100;

    @Option(
            names = "--minutes",
            paramLabel = "M",
            defaultValue = "1",
            description = "How long, 1 to 1000000. Default: ${DEFAULT-VALUE}.")
    private int minutes;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Which inputs. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--target",
            paramLabel = "NAME",
            description = "This parser alone. Default: all, in turn.")
    private @Nullable String only;

    @Option(
            names = "--input",
            paramLabel = "N",
            description = "With --target: this input alone, as a find names it.")
    private @Nullable Long input;

    @Override
    public Integer call() throws ConfigException, IOException {
        if (minutes < 1 || minutes > MOST_MINUTES) {
            throw new ConfigException(List.of("--minutes " + minutes + ": expected 1 to 1000000"));
        }
        if (input != null && only == null) {
            throw new ConfigException(List.of("--input belongs to a parser: name it, --target"));
        }
        Path scratch = Files.createTempDirectory("coxswain-fuzz");
        List<FuzzTarget> all = Targets.all(scratch);
        try {
            List<String> names = all.stream().map(FuzzTarget::name).toList();
            if (only != null && !names.contains(only)) {
                throw new ConfigException(
                        List.of(
                                "--target "
                                        + only
                                        + ": expected one of "
                                        + String.join(", ", names)));
            }
            Find find = run(all);
            if (find == null) {
                return ExitCode.COMPLETED;
            }
            System.out.println(find.text());
            return ExitCode.FAILED;
        } finally {
            all.forEach(FuzzTarget::close);
            RunFolder.delete(scratch);
        }
    }

    private @Nullable Find run(List<FuzzTarget> all) {
        long end = System.nanoTime() + minutes * MINUTE_NANOS;
        long told = System.nanoTime();
        long inputs = 0;
        List<Fuzzer> fuzzers =
                all.stream()
                        .filter(target -> only == null || target.name().equals(only))
                        .map(target -> new Fuzzer(target, seed))
                        .toList();
        try {
            if (input != null) {
                return fuzzers.getFirst().feed(input, 1);
            }
            for (long round = 0; System.nanoTime() < end; round++) {
                for (Fuzzer fuzzer : fuzzers) {
                    long count = ROUND * fuzzer.target().weight();
                    Find find = fuzzer.feed(round * count, count);
                    if (find != null) {
                        return find;
                    }
                    inputs += count;
                    if (System.nanoTime() - told > PROGRESS_NANOS) {
                        told = System.nanoTime();
                        System.out.printf(
                                Locale.ROOT, "%,d inputs, no find; seed %d%n", inputs, seed);
                    }
                }
            }
            long refused = fuzzers.stream().mapToLong(Fuzzer::refusals).sum();
            System.out.printf(
                    Locale.ROOT,
                    "%,d inputs for %d parsers, %,d refused, no find; seed %d%n",
                    inputs,
                    fuzzers.size(),
                    refused,
                    seed);
            return null;
        } finally {
            fuzzers.forEach(Fuzzer::close);
        }
    }
}
