package io.coxswain.coordinator.core.model;

import java.util.ArrayList;
import java.util.List;

/**
 * The chain of activated views with their base steps.
 *
 * @param branches in order of epochs; only views that became ACTIVE
 */
public record Lineage(List<Branch> branches) {
    /** View {@code epoch} started from {@code baseStep}. */
    public record Branch(long epoch, long baseStep) {}

    /** Steps {@code first..last} of the completed history were made in view {@code epoch}. */
    public record Segment(long epoch, long first, long last) {}

    public static final Lineage EMPTY = new Lineage(List.of());

    public Lineage {
        branches = List.copyOf(branches);
    }

    public Lineage branch(long epoch, long baseStep) {
        var next = new ArrayList<>(branches);
        next.add(new Branch(epoch, baseStep));
        return new Lineage(next);
    }

    /**
     * True if no later view branched below that state: (epoch, step) is on the completed history's
     * line.
     */
    public boolean trusts(long epoch, long step) {
        // From the newest back: what is asked for is recent, and there may be hundreds of branches.
        for (int i = branches.size() - 1; i >= 0; i--) {
            Branch branch = branches.get(i);
            if (branch.epoch() == epoch) {
                return step >= branch.baseStep();
            }
            if (branch.epoch() < epoch || branch.baseStep() < step) {
                return false;
            }
        }
        return false;
    }

    /**
     * The committed history up to {@code completedStep}, oldest first, without gaps or overlaps.
     */
    public List<Segment> segments(long completedStep) {
        var segments = new ArrayList<Segment>();
        long last = completedStep;
        for (int i = branches.size() - 1; i >= 0; i--) {
            Branch branch = branches.get(i);
            if (branch.baseStep() < last) {
                segments.addFirst(new Segment(branch.epoch(), branch.baseStep() + 1, last));
                last = branch.baseStep();
            }
        }
        return List.copyOf(segments);
    }
}
