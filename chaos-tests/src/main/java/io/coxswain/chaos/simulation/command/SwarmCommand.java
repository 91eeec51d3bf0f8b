package io.coxswain.chaos.simulation.command;

import io.coxswain.chaos.command.StopAsked;
import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.swarm.Coverage;
import io.coxswain.chaos.simulation.swarm.Drill;
import io.coxswain.chaos.simulation.swarm.Fault;
import io.coxswain.chaos.simulation.swarm.SeedResult;
import io.coxswain.chaos.simulation.swarm.Seeds;
import io.coxswain.chaos.simulation.swarm.Swarm;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs seeds of the simulation. */
@Command(
        name = "swarm",
        header = "Simulate clusters under seeded faults and check all invariants.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  coxswain swarm --seeds 1..1000",
            "  coxswain swarm --minutes 10",
            "  coxswain swarm --seed 7 --trace"
        })
public final class SwarmCommand implements Callable<Integer> {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,18})\\.\\.(\\d{1,18})");
    private static final long DEFAULT_LAST = 100;
    private static final int MOST_MINUTES = 1_000_000;
    private static final int MOST_THREADS = 1_024;
    private static final int SHRINK_RUNS = 60;
    private static final double NANOS = 1e9;
    private static final double DAY_NANOS = 86_400e9;
    private static final long PROGRESS_NANOS = 5_000_000_000L;
    private static final long MINUTE_NANOS = 60_000_000_000L;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--seeds",
            paramLabel = "FROM..TO",
            description =
                    "Which seeds. Default: 1..100; with --minutes all from 1 on, until the time is"
                            + " over.")
    private @Nullable String seeds;

    @Option(names = "--seed", paramLabel = "N", description = "This seed alone.")
    private @Nullable Long seed;

    @Option(names = "--minutes", paramLabel = "M", description = "Stop after that long.")
    private @Nullable Double minutes;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Run so many seeds at once. Default: one on each core.")
    private int threads = Seeds.threads();

    @Option(
            names = "--collectives",
            paramLabel = "runtime",
            description =
                    "'runtime': every job's workers reduce among themselves. Default: those of some"
                            + " seeds do.")
    private @Nullable String collectives;

    @Option(names = "--trace", description = "Print everything that happens.")
    private boolean trace;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        long first = 1;
        long last = minutes == null ? DEFAULT_LAST : Long.MAX_VALUE;
        if (seed != null && (seeds != null || minutes != null)) {
            throw wrong("--seed is one seed alone: leave --seeds and --minutes out");
        }
        if (seed != null) {
            first = seed;
            last = seed;
        } else if (seeds != null) {
            Matcher range = RANGE.matcher(seeds);
            if (!range.matches()) {
                throw wrong("--seeds " + seeds + ": expected two numbers such as 1..1000");
            }
            first = Long.parseLong(range.group(1));
            last = Long.parseLong(range.group(2));
        }
        if (first > last) {
            throw wrong("--seeds " + first + ".." + last + ": the first is above the last");
        }
        if (minutes != null && !(minutes > 0 && minutes <= MOST_MINUTES)) {
            throw wrong(
                    "--minutes " + minutes + ": expected more than 0 and at most " + MOST_MINUTES);
        }
        if (threads < 1 || threads > MOST_THREADS) {
            throw wrong("--threads " + threads + ": expected 1 to " + MOST_THREADS);
        }
        if (collectives != null && !collectives.equals("runtime")) {
            throw wrong("--collectives " + collectives + ": expected runtime");
        }
        try (StopAsked stop = StopAsked.listen()) {
            return run(out, first, last, stop);
        }
    }

    private CommandLine.ParameterException wrong(String text) {
        return new CommandLine.ParameterException(spec.commandLine(), text);
    }

    private Drill drill(long each) {
        return collectives == null ? Drill.of(each) : Drill.reducedByWorkers(each);
    }

    private int run(PrintWriter out, long first, long last, StopAsked stop) {
        long until = minutes == null ? Long.MAX_VALUE : Math.round(minutes * MINUTE_NANOS);
        var tally = new Tally(out, last);
        if (trace) {
            for (long each = first;
                    each - 1 < last && tally.nanos() < until && !stop.asked();
                    each++) {
                Drill drill = drill(each);
                describe(out, drill);
                tally.take(Swarm.run(drill, () -> Interceptor.NONE, out::println));
            }
        } else {
            try {
                Seeds.run(
                        first,
                        last,
                        threads,
                        each -> Swarm.run(drill(each), () -> Interceptor.NONE, null),
                        result -> {
                            tally.take(result);
                            return tally.nanos() < until && !stop.asked();
                        });
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
                throw new CommandLine.ExecutionException(
                        spec.commandLine(), "interrupted after " + tally.ran + " seeds", stopped);
            }
        }
        if (stop.asked()) {
            out.println("stopped after " + tally.ran + " seeds");
        }
        summary(out, tally.coverage);
        return tally.failed == 0 ? 0 : 1;
    }

    /** Counts what ran, and says so. */
    private final class Tally {
        private final PrintWriter out;
        private final long last;
        private final long begun = System.nanoTime();
        private final Coverage coverage = new Coverage();
        private long told = begun;
        private long ran;
        private long failed;
        private double days;

        Tally(PrintWriter out, long last) {
            this.out = out;
            this.last = last;
        }

        long nanos() {
            return System.nanoTime() - begun;
        }

        void take(SeedResult result) {
            coverage.add(result.coverage());
            ran++;
            days += result.simulatedNanos() / DAY_NANOS;
            if (result.failed()) {
                failed++;
                failure(out, result);
            }
            long now = System.nanoTime();
            long each = result.drill().seed();
            if (now - told > PROGRESS_NANOS || each == last) {
                told = now;
                double seconds = (now - begun) / NANOS;
                out.printf(
                        Locale.ROOT,
                        "seed %d: %d ran, %d failed, %.1f seeds/s, %.4f simulated days/s%n",
                        each,
                        ran,
                        failed,
                        ran / seconds,
                        days / seconds);
                out.flush();
            }
        }
    }

    private static void describe(PrintWriter out, Drill drill) {
        out.println("seed " + drill.seed() + ": " + drill.cluster());
        for (Fault fault : drill.faults()) {
            out.println("  " + fault.text());
        }
        drill.orders().forEach(order -> out.println("  " + order.text()));
    }

    private void failure(PrintWriter out, SeedResult result) {
        long failing = result.drill().seed();
        out.println();
        out.println("seed " + failing + " breaks " + result.message());
        if (!trace) {
            out.println("the last events:");
            result.lastEvents().forEach(line -> out.println("  " + line));
        }
        Drill smallest = Swarm.shrink(result.drill(), () -> Interceptor.NONE, SHRINK_RUNS);
        out.println(
                "it still breaks with "
                        + smallest.faults().size()
                        + " of its "
                        + result.drill().faults().size()
                        + " faults:");
        smallest.faults().forEach(fault -> out.println("  " + fault.text()));
        out.println(
                "replay: ./coxswain swarm --seed "
                        + failing
                        + (collectives == null ? "" : " --collectives " + collectives)
                        + " --trace");
        out.println();
        out.flush();
    }

    private static void summary(PrintWriter out, Coverage coverage) {
        out.println();
        coverage.table().forEach(out::println);
        List<String> gaps = coverage.gaps();
        if (gaps.isEmpty()) {
            out.println("every pair fired");
        } else {
            out.println("never fired: " + gaps.size() + (gaps.size() == 1 ? " pair" : " pairs"));
            coverage.gapsByFault().forEach(line -> out.println("  " + line));
        }
        out.flush();
    }
}
