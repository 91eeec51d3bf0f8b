package io.coxswain.agent.core.model;

import java.util.List;

/**
 * Who holds copies of whom; (epoch, version) names it.
 *
 * @param effectiveStep duties that are new in this version bind the floor from the snapshot of this
 *     step on at the latest
 */
public record Placement(
        String jobId, long epoch, long version, List<CopyDuty> duties, long effectiveStep) {
    public Placement {
        duties = List.copyOf(duties);
    }
}
