package io.coxswain.chaos.simulation.swarm;

import io.coxswain.chaos.simulation.process.ProtocolPhase;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How often each fault fired in each phase of the protocol. */
public final class Coverage {
    private final Map<FaultKind, Map<ProtocolPhase, Long>> fired = new EnumMap<>(FaultKind.class);

    void fired(FaultKind kind, ProtocolPhase phase) {
        add(kind, phase, 1);
    }

    private void add(FaultKind kind, ProtocolPhase phase, long times) {
        fired.computeIfAbsent(kind, _ -> new EnumMap<>(ProtocolPhase.class))
                .merge(phase, times, Long::sum);
    }

    /** Adds another's counts. */
    public void add(Coverage other) {
        other.fired.forEach(
                (kind, phases) -> phases.forEach((phase, times) -> add(kind, phase, times)));
    }

    private long times(FaultKind kind, ProtocolPhase phase) {
        return fired.getOrDefault(kind, Map.of()).getOrDefault(phase, 0L);
    }

    /** Pairs that never came about. */
    public List<String> gaps() {
        var gaps = new ArrayList<String>();
        for (FaultKind kind : FaultKind.values()) {
            for (ProtocolPhase phase : ProtocolPhase.values()) {
                if (times(kind, phase) == 0) {
                    gaps.add(kind + " × " + phase);
                }
            }
        }
        return gaps;
    }

    /** The same, a line for each fault. */
    public List<String> gapsByFault() {
        var lines = new ArrayList<String>();
        for (FaultKind kind : FaultKind.values()) {
            var phases = new ArrayList<String>();
            for (ProtocolPhase phase : ProtocolPhase.values()) {
                if (times(kind, phase) == 0) {
                    phases.add(String.valueOf(phase));
                }
            }
            if (!phases.isEmpty()) {
                lines.add(kind + " × " + String.join(", ", phases));
            }
        }
        return lines;
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
                line.append(String.format(Locale.ROOT, "%11d", times(kind, phase)));
            }
            lines.add(line.toString());
        }
        return lines;
    }
}
