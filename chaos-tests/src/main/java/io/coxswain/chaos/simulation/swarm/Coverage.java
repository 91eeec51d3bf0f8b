package io.coxswain.chaos.simulation.swarm;

import io.coxswain.chaos.simulation.process.ProtocolPhase;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How often each fault fired in each phase of the protocol. */
public final class Coverage {
    private final long[][] fired =
            new long[FaultKind.values().length][ProtocolPhase.values().length];

    void fired(FaultKind kind, ProtocolPhase phase) {
        fired[kind.ordinal()][phase.ordinal()]++;
    }

    /** Adds another's counts. */
    public void add(Coverage other) {
        for (int kind = 0; kind < fired.length; kind++) {
            for (int phase = 0; phase < fired[kind].length; phase++) {
                fired[kind][phase] += other.fired[kind][phase];
            }
        }
    }

    /** Pairs that never came about. */
    public List<String> gaps() {
        var gaps = new ArrayList<String>();
        for (FaultKind kind : FaultKind.values()) {
            for (ProtocolPhase phase : ProtocolPhase.values()) {
                if (fired[kind.ordinal()][phase.ordinal()] == 0) {
                    gaps.add(kind + " × " + phase);
                }
            }
        }
        return gaps;
    }

    /** Lines for a terminal. */
    public List<String> table() {
        var lines = new ArrayList<String>();
        var head = new StringBuilder(String.format(Locale.ROOT, "%-18s", "fault × phase"));
        for (ProtocolPhase phase : ProtocolPhase.values()) {
            head.append(String.format(Locale.ROOT, "%11s", phase));
        }
        lines.add(head.toString());
        for (FaultKind kind : FaultKind.values()) {
            var line = new StringBuilder(String.format(Locale.ROOT, "%-18s", kind));
            for (ProtocolPhase phase : ProtocolPhase.values()) {
                line.append(
                        String.format(Locale.ROOT, "%11d", fired[kind.ordinal()][phase.ordinal()]));
            }
            lines.add(line.toString());
        }
        return lines;
    }
}
