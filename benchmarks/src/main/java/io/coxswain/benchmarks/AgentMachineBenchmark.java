package io.coxswain.benchmarks;

import io.coxswain.agent.core.AgentEffect;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.AgentMachine;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

import java.util.List;

/**
 * Events a second through an agent's machine: one operation is one {@code step} and, as the agent's
 * loop asks after each event, one look at the next deadline. What an agent heard in a simulated
 * cluster is played from its start to the end of the recording, again and again.
 */
@State(Scope.Thread)
public class AgentMachineBenchmark extends CoreBenchmark {
    private static final int EVENTS = 20_000;

    @Param public Scene scene = Scene.QUIET;

    private AgentTape tape;
    private AgentEvent[] events;
    private long[] atNanos;
    private AgentMachine machine;
    private int next;

    @Setup(Level.Trial)
    public void record() {
        tape = AgentTape.record(scene, EVENTS);
        events = tape.events().toArray(AgentEvent[]::new);
        atNanos = tape.atNanos().stream().mapToLong(Long::longValue).toArray();
        machine = tape.begin();
        next = 0;
        System.out.println("# " + Mix.of(tape.events()));
    }

    @Benchmark
    public List<AgentEffect> step(Blackhole deadlines) {
        if (next == events.length) {
            tape.checkEnd(machine);
            machine = tape.begin();
            next = 0;
        }
        long now = atNanos[next];
        List<AgentEffect> effects = machine.step(events[next], now);
        deadlines.consume(machine.nextDeadlineNanos(now));
        next++;
        return effects;
    }
}
