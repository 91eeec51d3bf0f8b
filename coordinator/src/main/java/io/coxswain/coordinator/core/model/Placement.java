package io.coxswain.coordinator.core.model;

import java.util.List;

/** Who holds copies of whom; (epoch, version) names it. Changes while steps run. */
public record Placement(long epoch, long version, List<CopyDuty> duties) {
    public Placement {
        duties = List.copyOf(duties);
    }
}
