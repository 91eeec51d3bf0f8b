package io.coxswain.benchmarks;

import com.sun.management.OperatingSystemMXBean;

import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

import java.lang.management.ManagementFactory;
import java.util.Collection;
import java.util.List;

/**
 * Operations by the second of CPU that the process had, its compilers and its garbage collector
 * included: what one core gives, also where others use the machine. {@code dev/bench} turns it on;
 * elsewhere {@code -prof io.coxswain.benchmarks.CpuProfiler}.
 */
public final class CpuProfiler implements InternalProfiler {
    private final OperatingSystemMXBean system =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private long beganNanos;

    @Override
    public String getDescription() {
        return "Operations by the second of CPU, compilers and garbage collector included";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        beganNanos = system.getProcessCpuTime();
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        double seconds = Math.max(1, system.getProcessCpuTime() - beganNanos) / 1e9;
        return List.of(
                new ScalarResult(
                        "cpu",
                        result.getMetadata().getMeasuredOps() / seconds,
                        "ops/CPU-s",
                        AggregationPolicy.AVG));
    }
}
