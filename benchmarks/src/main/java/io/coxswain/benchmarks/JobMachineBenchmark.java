package io.coxswain.benchmarks;

import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.Transition;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Events a second through the coordinator's machine: one operation is one {@code step}. A recorded
 * job is played from its submission to the end of the recording, again and again.
 */
@State(Scope.Thread)
public class JobMachineBenchmark extends CoreBenchmark {
    private static final int EVENTS = 50_000;

    @Param public Scene scene = Scene.QUIET;

    @Param({"8", "64"})
    public int ranks;

    private JobTape tape;
    private JobEvent[] events;
    private long[] atNanos;
    private JobMachine machine;
    private int next;

    @Setup(Level.Trial)
    public void record() {
        tape = new JobRecorder(scene, ranks).record(EVENTS);
        events = tape.events().toArray(JobEvent[]::new);
        atNanos = tape.atNanos().stream().mapToLong(Long::longValue).toArray();
        machine = tape.begin();
        next = 0;
        System.out.println("# " + Mix.of(tape.events()));
    }

    @Benchmark
    public Transition step() {
        if (next == events.length) {
            tape.checkEnd(machine);
            machine = tape.begin();
            next = 0;
        }
        Transition transition = machine.step(events[next], atNanos[next]);
        next++;
        return transition;
    }
}
