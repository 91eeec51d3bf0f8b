package io.coxswain.agent.collective;

import com.sun.management.OperatingSystemMXBean;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Measures reduce and gather of a model of the digits job's size with four agents in one JVM. A
 * program for people, not a test: {@code main [FOLDER]}.
 */
public final class CollectiveLatency {
    private static final int ELEMENTS = 85_002;
    private static final int STEPS = 3000;
    private static final int WARM = 1000;

    private CollectiveLatency() {}

    /** Processor time of this JVM: says more than the clock where others share the machine. */
    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        Path base = Path.of(args.length > 0 ? args[0] : System.getProperty("java.io.tmpdir"));
        Path folder = Files.createTempDirectory(base, "latency");
        try (CollectiveMesh mesh = new CollectiveMesh(folder, 2, 2, 8, ELEMENTS)) {
            mesh.configure(1);
            mesh.gradients(new Random(1));
            long[] nanos = new long[STEPS];
            long cpu = 0;
            for (int step = 1; step <= STEPS; step++) {
                if (step == WARM + 1) {
                    cpu = cpuNanos();
                }
                long before = System.nanoTime();
                for (CollectiveMesh.Node node : mesh.nodes) {
                    node.collective.reduce(1, step, new float[2], 0, 0);
                }
                for (CollectiveMesh.Node node : mesh.nodes) {
                    node.next();
                    node.collective.gather(1, step);
                }
                for (CollectiveMesh.Node node : mesh.nodes) {
                    node.next();
                }
                nanos[step - 1] = System.nanoTime() - before;
            }
            cpu = cpuNanos() - cpu;
            long[] measured = Arrays.copyOfRange(nanos, WARM, STEPS);
            Arrays.sort(measured);
            System.out.printf(
                    "reduce + gather, %d floats, 2x2, 8 microshards: median %.3f ms, 99%% %.3f ms;"
                            + " first step %.1f ms%n",
                    ELEMENTS,
                    measured[measured.length / 2] / 1e6,
                    measured[measured.length * 99 / 100] / 1e6,
                    nanos[0] / 1e6);
            System.out.printf(
                    "processor time per step, all four: %.3f ms%n", cpu / 1e6 / (STEPS - WARM));
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
                for (Path file : all) {
                    Files.delete(file);
                }
            }
        }
    }
}
