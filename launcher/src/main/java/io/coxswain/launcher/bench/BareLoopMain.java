package io.coxswain.launcher.bench;

import io.coxswain.agent.worker.LastWords;
import io.coxswain.bridge.pjrt.runtime.BareLoop;
import io.coxswain.bridge.spi.RuntimeFault;
import io.coxswain.bridge.spi.TrainingJob;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.launcher.local.JavaProcess;
import io.coxswain.launcher.runtimes.ChildProcess;

import java.time.Duration;
import java.util.List;

/**
 * Steps of a job in a bare loop, in a process like a worker's: the same JVM and the same plugin,
 * and nobody to talk to.
 */
public final class BareLoopMain {
    private static final String MARK = "coxswain-bare-loop: ";
    private static final Duration LIMIT = Duration.ofMinutes(10);

    private BareLoopMain() {}

    /**
     * Runs it in a process of its own.
     *
     * @param warm steps at the beginning that do not count
     * @return milliseconds of a step
     */
    static double millis(JobFile job, long warm) throws EnvironmentException, InterruptedException {
        ChildProcess.Ended ended =
                ChildProcess.run(
                        JavaProcess.likeWorker(
                                BareLoopMain.class.getName(),
                                List.of(
                                        job.data().toString(),
                                        Long.toString(job.seed()),
                                        Integer.toString(job.batch()),
                                        Integer.toString(job.microshards()),
                                        job.runtime().json(),
                                        Long.toString(job.steps()),
                                        Long.toString(warm))),
                        environment -> {
                            environment.clear();
                            environment.putAll(JavaProcess.PLUGIN_ENVIRONMENT);
                        },
                        LIMIT);
        return ended.output()
                .lines()
                .filter(line -> line.startsWith(MARK))
                .findFirst()
                .map(line -> Double.parseDouble(line.substring(MARK.length())))
                .orElseThrow(() ->
                        new EnvironmentException(
                                "the bare loop ended with status "
                                        + ended.status()
                                        + ": "
                                        + LastWords.telling(ended.said())));
    }

    /** Only {@link #millis} knows the arguments. */
    public static void main(String[] args) throws RuntimeFault {
        long steps = Long.parseLong(args[5]);
        long warm = Long.parseLong(args[6]);
        var job =
                new TrainingJob(
                        "bench",
                        1,
                        1,
                        steps,
                        Long.parseLong(args[1]),
                        args[0],
                        Integer.parseInt(args[2]),
                        Integer.parseInt(args[3]),
                        args[4]);
        try (BareLoop loop = BareLoop.load(job)) {
            long begin = 0;
            for (long step = 0; step < steps; step++) {
                if (step == warm) {
                    begin = System.nanoTime();
                }
                var _ = loop.step();
            }
            System.out.println(MARK + (System.nanoTime() - begin) / 1e6 / (steps - warm));
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }
}
