package io.coxswain.coordinator.core.model;

import java.util.List;

/**
 * A path such as {@code pod0/rack7/host31}. Two agents are independent at level {@code l} if their
 * paths differ in one of the first {@code l + 1} parts.
 *
 * @param parts widest first; never empty
 */
public record FailureDomain(List<String> parts) {
    public FailureDomain {
        parts = List.copyOf(parts);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("a failure domain needs at least one part");
        }
    }

    /** Reads {@code a/b/c}. */
    public static FailureDomain parse(String path) {
        return new FailureDomain(List.of(path.split("/")));
    }

    /**
     * True if a loss of one domain at {@code level} cannot take both. A path shorter than the level
     * counts as distinct only where it differs.
     */
    public boolean independentOf(FailureDomain other, int level) {
        int depth = Math.min(level + 1, Math.max(parts.size(), other.parts.size()));
        for (int i = 0; i < depth; i++) {
            String mine = i < parts.size() ? parts.get(i) : "";
            String theirs = i < other.parts.size() ? other.parts.get(i) : "";
            if (!mine.equals(theirs)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public String toString() {
        return String.join("/", parts);
    }
}
