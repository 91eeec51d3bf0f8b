package io.coxswain.chaos.nemesis;

import io.coxswain.chaos.scenario.LinkEffect;
import io.coxswain.chaos.scenario.Plane;

import java.util.Set;

/**
 * What happens to the bytes between two groups of parties.
 *
 * @param oneWay only to what goes from {@code from} to {@code to}
 */
public record Impairment(
        Set<String> from, Set<String> to, Set<Plane> planes, boolean oneWay, LinkEffect effect) {
    public Impairment {
        from = Set.copyOf(from);
        to = Set.copyOf(to);
        planes = Set.copyOf(planes);
    }

    /** Whether bytes that one party sends to the other on that plane are hit. */
    public boolean hits(Plane plane, String sender, String receiver) {
        return planes.contains(plane)
                && ((from.contains(sender) && to.contains(receiver))
                        || (!oneWay && from.contains(receiver) && to.contains(sender)));
    }
}
