package io.coxswain.agent.copies;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * Moves snapshots between agents. Every request ends in exactly one callback. Only verified bytes
 * are ever committed: each chunk's CRC-32C, then the digest, and the commit mark last.
 *
 * <p>Entry points may be called from any thread and never block.
 */
public interface CopyPlane extends AutoCloseable {
    /**
     * Streams a committed snapshot to a holder. Of the pushes that wait for one holder the newest
     * step goes first. A transfer that fails (connection, damaged chunk) is tried once more; a
     * refusal is final.
     */
    void push(PushRequest request);

    /**
     * Gets a state from a donor into a slot. A transfer that fails is tried once more; a refusal is
     * final. Whether the donor's state is trusted is the caller's business.
     */
    void fetch(FetchRequest request);

    /**
     * Ends all requests to this peer, as failed for the reason given, and the connections to it.
     */
    void forget(AgentKey peer, String reason);

    /**
     * Ends every transfer, in either direction, that uses one of the slots; requests fail for the
     * reason given.
     *
     * @return completes (soon, on a thread of the data plane) when none of these slots' memory is
     *     read or written any more: only then may it be unmapped
     */
    CompletionStage<Void> cancel(Predicate<Slot> slots, String reason);

    /** Fails what is under way and ends the connections. */
    @Override
    void close();

    /** Told how requests ended, on a thread of the plane. Must not block. */
    interface Listener {
        /**
         * A push has ended.
         *
         * @param verified the holder has verified and committed the copy
         * @param reason why not; empty when verified
         */
        void pushed(PushRequest request, boolean verified, String reason);

        /**
         * A fetch has ended.
         *
         * @param ok the destination is committed
         * @param reason why not; empty when ok
         * @param bytes received, in the last attempt
         */
        void fetched(FetchRequest request, boolean ok, String reason, long bytes);
    }

    /** What this agent can give: own snapshots and held copies. Any thread, must not block. */
    interface SlotLookup {
        /** The committed slot that has this state, or null. */
        @Nullable Slot committed(StateName state);
    }

    /** Who may bring copies of a state, and get it. Any thread, must not block. */
    interface Members {
        /** Where peers do not prove who they are. */
        Members ANYBODY = (_, _) -> true;

        /** Whether that peer may have to do with that state now. */
        boolean admit(AgentKey peer, StateName state);
    }

    /** The holder's side. Called on a thread of the plane; must not block. */
    interface Intake {
        /** How long the table of a copy of that state may be; longer ones are not even read. */
        default int mostTableBytes(StateName state) {
            return Integer.MAX_VALUE;
        }

        /**
         * A copy wants to come.
         *
         * @param terms what the sender says of its states
         * @param table what will be in the slot
         * @return a slot that is not committed, which the plane writes until {@link #received} or
         *     {@link #damaged}; null to refuse (not a holder, no room)
         */
        @Nullable Slot slotFor(StateName state, CopyTerms terms, SlotTable.Meta table);

        /** The slot is committed. False if the copy is not wanted any more: it is not kept. */
        boolean received(StateName state, Slot slot, Digest digest, long placementVersion);

        /** The transfer ended without a commit; the slot is empty again. */
        void damaged(StateName state, Slot slot, String reason);
    }
}
