package io.coxswain.benchmarks;

import io.coxswain.coordinator.core.ledger.GoodputLedger;
import io.coxswain.coordinator.core.ledger.LedgerEntry;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Bookings a second in the goodput ledger: those of the recorded job with a death each 15 s. */
@State(Scope.Thread)
public class GoodputLedgerBenchmark extends CoreBenchmark {
    private static final int EVENTS = 50_000;

    @Param({"8", "64"})
    public int ranks;

    /** Whether windows and the timeline are kept, as in a coordinator that is looked at. */
    @Param({"false", "true"})
    public boolean history;

    private LedgerEntry[] entries;
    private GoodputLedger ledger;
    private int next;

    @Setup(Level.Trial)
    public void record() {
        JobTape tape = new JobRecorder(Scene.DEATHS, ranks).record(EVENTS);
        entries = tape.bookings().toArray(LedgerEntry[]::new);
        ledger = empty();
        next = 0;
        System.out.println("# " + Mix.of(tape.bookings()));
    }

    private GoodputLedger empty() {
        return history ? GoodputLedger.withHistory() : new GoodputLedger();
    }

    @Benchmark
    public GoodputLedger apply() {
        if (next == entries.length) {
            ledger = empty();
            next = 0;
        }
        ledger.apply(entries[next++]);
        return ledger;
    }
}
