package io.coxswain.agent.copies;

import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.bridge.arena.Slot;

/**
 * A state to be got from another agent.
 *
 * @param digest what the state's digest must be; {@link Digest#NONE}: whatever the donor's table
 *     says
 * @param destination not committed; not touched by others before {@link CopyPlane.Listener#fetched}
 */
public record FetchRequest(StateName state, Digest digest, Peer donor, Slot destination) {}
