package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.FailureDomain;

import java.util.List;

/**
 * The domain an agent belongs to at one level: two agents are independent at that level exactly if
 * their keys differ (see {@link FailureDomain#independentOf}).
 *
 * @param parts the path's first {@code level + 1} parts
 */
public record DomainKey(List<String> parts) {
    public DomainKey {
        parts = List.copyOf(parts);
    }

    /** The domain of that path at {@code level}; 0 is the widest. */
    public static DomainKey of(FailureDomain domain, int level) {
        int end = Math.min(level + 1, domain.parts().size());
        // independentOf takes an absent part for an empty one
        while (end > 0 && domain.parts().get(end - 1).isEmpty()) {
            end--;
        }
        return new DomainKey(domain.parts().subList(0, end));
    }

    @Override
    public String toString() {
        return String.join("/", parts);
    }
}
