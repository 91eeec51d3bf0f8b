package io.coxswain.agent.copies;

import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.bridge.arena.Slot;

/**
 * A copy to be made at a holder.
 *
 * @param source committed, and neither freed nor unmapped before {@link CopyPlane.Listener#pushed}
 * @param terms what the holder is told with it
 * @param droppable while this waits for its turn, a newer state of the same shard for the same
 *     holder may take its place; it is then reported as not verified
 */
public record PushRequest(
        StateName state, Slot source, Peer holder, CopyTerms terms, boolean droppable) {}
