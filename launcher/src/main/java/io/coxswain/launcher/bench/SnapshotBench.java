package io.coxswain.launcher.bench;

import io.coxswain.agent.worker.LastWords;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.runtimes.ChildProcess;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * How fast a state leaves its device for shared memory, and what that costs the steps. Python and
 * PyTorch do it, as they do for a user's program. Where there is no GPU that is said, and copies in
 * the processor's memory are told as such.
 */
public final class SnapshotBench {
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final String NOT_MEASURED = "device to host was not measured: ";

    /**
     * What to measure.
     *
     * @param python that has torch, if there is a GPU
     * @param packages folder of the Python package
     * @param bytes of the state
     * @param runs of each figure
     */
    public record Options(String python, Path packages, long bytes, int runs) {}

    private SnapshotBench() {}

    /** Measures. */
    public static BenchReport run(BenchSettings settings, Options options)
            throws EnvironmentException, InterruptedException {
        var described = new LinkedHashMap<String, Object>();
        described.put("bytes", options.bytes());
        var report = new BenchReport("snapshot", described);
        settings.progress()
                .accept("copies of " + options.bytes() / 1_000_000 + " MB into shared memory");
        JsonNode found = measure(settings, options);
        JsonNode gpu = found.path("gpu");
        if (gpu.isMissingNode()) {
            report.note(NOT_MEASURED + found.path("why").asString());
        } else {
            device(report, gpu);
        }
        host(report, found.path("cpu"));
        return report;
    }

    private static JsonNode measure(BenchSettings settings, Options options)
            throws EnvironmentException, InterruptedException {
        ChildProcess.Ended ended =
                ChildProcess.run(
                        List.of(
                                options.python(),
                                "-m",
                                "coxswain._snapshot_bench",
                                "--bytes",
                                Long.toString(options.bytes()),
                                "--runs",
                                Integer.toString(options.runs()),
                                "--arenas",
                                settings.arenas().toString()),
                        environment -> environment.put("PYTHONPATH", options.packages().toString()),
                        LIMIT);
        if (!ended.well()) {
            throw new EnvironmentException(
                    options.python()
                            + " -m coxswain._snapshot_bench ended with status "
                            + ended.status()
                            + ": "
                            + LastWords.telling(ended.said())
                            + "; name another Python with --python, or fewer --bytes");
        }
        return JsonMapper.shared().readTree(ended.output().lines().reduce("", (_, last) -> last));
    }

    private static void device(BenchReport report, JsonNode gpu) {
        report.note("the device is " + gpu.path("device").asString());
        report.add("device → pageable shared memory", "GB/s", samples(gpu, "pageable"), null);
        report.add("device → pinned shared memory", "GB/s", samples(gpu, "pinned"), null);
        report.add("  the steps stand still", "ms", samples(gpu, "stall"), null);
        report.add("  part of the copy hidden by computing", "", samples(gpu, "overlap"), null);
        report.add(
                "  host memory, a slot and what the copy takes", "MB", samples(gpu, "host"), null);
        String trouble = gpu.path("trouble").asString();
        if (!trouble.isEmpty()) {
            report.note("pinned memory was not measured: " + trouble);
        }
    }

    private static void host(BenchReport report, JsonNode cpu) {
        report.add(
                "processor's memory → shared memory (memcpy, no device)",
                "GB/s",
                samples(cpu, "memcpy"),
                null);
        report.add("  the steps stand still", "ms", samples(cpu, "stall"), null);
        report.add(
                "  host memory, a slot and what the copy takes", "MB", samples(cpu, "host"), null);
    }

    private static Samples samples(JsonNode from, String name) {
        return Samples.of(from.path(name).valueStream().map(JsonNode::asDouble).toList());
    }
}
