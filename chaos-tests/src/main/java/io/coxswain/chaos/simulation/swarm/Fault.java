package io.coxswain.chaos.simulation.swarm;

import io.coxswain.chaos.simulation.process.ProtocolPhase;

import org.jspecify.annotations.Nullable;

import java.util.Locale;

/**
 * One fault to come.
 *
 * @param during not before the protocol is in that phase; null: at its time
 * @param lastsNanos until it heals
 * @param target a host or coordinator, modulo how many there are
 * @param other a second one, or an amount
 */
public record Fault(
        FaultKind kind,
        long atNanos,
        @Nullable ProtocolPhase during,
        long lastsNanos,
        int target,
        int other) {
    /** For a person. */
    public String text() {
        return String.format(
                Locale.ROOT,
                "%s at %.3f s%s for %.3f s, target %d/%d",
                kind,
                atNanos / 1e9,
                during == null ? "" : " during " + during,
                lastsNanos / 1e9,
                target,
                other);
    }
}
