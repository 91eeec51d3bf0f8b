package io.coxswain.coordinator.core.placement;

import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Placement;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * What one plan leaves to the next: the board of copies that it ended with. Where the next one
 * starts from the placement that came out, it only takes in what changed: who left, who came, who
 * has another rank. What comes out does not depend on it.
 *
 * <p>Not thread-safe: the owner of the plans owns it.
 */
public final class PlacementMemory {
    private final int level;
    private @Nullable CopyBoard board;
    private List<CopyDuty> duties = List.of();

    /** For the domains at {@code level}; 0 is the widest. */
    public PlacementMemory(int level) {
        this.level = level;
    }

    int level() {
        return level;
    }

    /**
     * The board with the duties before, updated to the problem's agents; null if other duties were
     * planned last. It is the caller's until it is {@link #keep kept}.
     */
    @Nullable CopyBoard take(PlacementProblem problem) {
        CopyBoard last = board;
        board = null;
        Placement previous = problem.previous();
        boolean goesOn =
                last != null
                        && previous != null
                        && previous.duties().equals(duties)
                        && last.serves(problem)
                        && last.update(problem);
        return goesOn ? last : null;
    }

    /** These are the duties on that board. */
    void keep(CopyBoard next, Placement placement) {
        board = next;
        duties = placement.duties();
    }
}
