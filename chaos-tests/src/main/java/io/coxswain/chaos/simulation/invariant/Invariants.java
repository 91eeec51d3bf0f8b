package io.coxswain.chaos.simulation.invariant;

import java.util.List;

/** Which invariants there are. */
public final class Invariants {
    private Invariants() {}

    /** All invariants of the design. */
    public static List<Invariant> all() {
        return List.of(
                new OneLeader(),
                new TakeoverIsFree(),
                new StepsOnce(),
                new ProtectedSurvives(),
                new CompletedStays(),
                new PausedStands(),
                new RestoredDigests(),
                new SamplesOnce(),
                new OneViewPerStep(),
                new CopiesSpanDomains(),
                new VerifiedBytes(),
                new SnapshotsAgree(),
                new StaleWordsDrop(),
                new Progress(),
                new Bounded(),
                new LedgerTiles(),
                new FailStop());
    }
}
