package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.FailureDomain;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Numbers failure domains, level by level, since planning compares little else. */
final class DomainNumbers {
    private final List<Map<DomainKey, Integer>> numbers = new ArrayList<>();

    /** At levels 0 (the widest) to {@code levels - 1}. */
    DomainNumbers(int levels) {
        for (int level = 0; level < levels; level++) {
            numbers.add(new HashMap<>());
        }
    }

    int levels() {
        return numbers.size();
    }

    /** By level: the same number exactly for the same domain. */
    int[] of(FailureDomain domain) {
        var of = new int[numbers.size()];
        for (int level = 0; level < of.length; level++) {
            Map<DomainKey, Integer> known = numbers.get(level);
            of[level] = known.computeIfAbsent(DomainKey.of(domain, level), _ -> known.size());
        }
        return of;
    }
}
