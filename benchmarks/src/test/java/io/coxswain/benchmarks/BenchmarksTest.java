package io.coxswain.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

import java.util.Collection;

/** Each benchmark runs for a moment; nothing is said about its speed. */
class BenchmarksTest {
    @Test
    void eachBenchmarkRuns() throws RunnerException {
        Collection<RunResult> results =
                new Runner(
                                new OptionsBuilder()
                                        .forks(0)
                                        .warmupIterations(0)
                                        .measurementIterations(1)
                                        .measurementTime(TimeValue.milliseconds(20))
                                        .param("scene", Scene.STORM.name())
                                        .param("ranks", "64")
                                        .shouldFailOnError(true)
                                        .verbosity(VerboseMode.SILENT)
                                        .build())
                        .run();
        assertThat(results)
                .extracting(result -> result.getParams().getBenchmark())
                .containsOnly(
                        JobMachineBenchmark.class.getName() + ".step",
                        AgentMachineBenchmark.class.getName() + ".step",
                        GoodputLedgerBenchmark.class.getName() + ".apply",
                        PlannerBenchmark.class.getName() + ".recoveryPlan",
                        PlannerBenchmark.class.getName() + ".placementPlan",
                        ScrapeBenchmark.class.getName() + ".scrape");
    }
}
