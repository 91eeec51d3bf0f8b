package io.coxswain.coordinator.core.liveness;

/**
 * When a leader that hears no agent any more takes itself for the one that is cut off. With another
 * coordinator at hand it gives the lead up: the members step on under their view, which the other
 * one adopts, whereas here the job would end for want of them. Are they dead after all, the other
 * one finds that out. Stateless.
 */
public final class IsolationRule {
    private IsolationRule() {}

    /**
     * Asked when an agent is lost.
     *
     * @param left agents that are heard still
     * @param cause why the last one is lost
     * @param standbys coordinators that would take over
     */
    public static boolean givesUp(int left, LostCause cause, int standbys) {
        return left == 0
                && standbys > 0
                && switch (cause) {
                    // Of these an agent that lives and is out of reach looks like a dead one.
                    case LostCause.Silent _, LostCause.Deaf _, LostCause.StayedAway _ -> true;
                    case LostCause.ConnectionRefused _,
                            LostCause.Replaced _,
                            LostCause.SessionGoneToo _,
                            LostCause.Left _ ->
                            false;
                };
    }
}
