package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.FailureDomain;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The domain an agent belongs to at one level: two agents are independent at that level exactly if
 * their keys differ (see {@link FailureDomain#independentOf}). Made for every agent of every plan,
 * so it copies nothing.
 */
public final class DomainKey {
    private final List<String> path;

    /** How many parts of the path count. */
    private final int length;

    private final int hash;

    private DomainKey(List<String> path, int length) {
        this.path = path;
        this.length = length;
        int sum = 1;
        for (int i = 0; i < length; i++) {
            // Names that differ in a digit hash to neighbours; 31 is too small to keep them apart.
            sum = 0x9E3779B9 * sum + path.get(i).hashCode();
        }
        hash = sum ^ sum >>> 15;
    }

    /** The domain of that path at {@code level}; 0 is the widest. */
    public static DomainKey of(FailureDomain domain, int level) {
        List<String> path = domain.parts();
        int end = Math.min(level + 1, path.size());
        // independentOf takes an absent part for an empty one
        while (end > 0 && path.get(end - 1).isEmpty()) {
            end--;
        }
        return new DomainKey(path, end);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        if (!(other instanceof DomainKey key) || key.hash != hash || key.length != length) {
            return false;
        }
        // What differs mostly differs in the last part.
        for (int i = length - 1; i >= 0; i--) {
            if (!path.get(i).equals(key.path.get(i))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return String.join("/", path.subList(0, length));
    }
}
