package io.coxswain.agent.adapter;

import io.coxswain.agent.copies.CopyPlane;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.HeldCopies;
import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What the data plane may read and write: takes copies in as {@link HeldCopies} decides, and finds
 * the slots of states that peers fetch. Every change is told to the machine, in the order in which
 * it happened. Any thread; nothing blocks.
 */
final class CopyShelf implements CopyPlane.Intake, CopyPlane.SlotLookup {
    private static final Logger LOG = LoggerFactory.getLogger(CopyShelf.class);

    private final HeldCopies held = new HeldCopies();
    private final Map<StateName, SlotRef> shared = new HashMap<>();
    private final IdentityHashMap<Slot, Arrival> arriving = new IdentityHashMap<>();
    private final Function<SlotRef, @Nullable Slot> slots;
    private final Consumer<AgentEvent> events;

    private record Arrival(SlotRef slot, long floor, long bytes) {}

    CopyShelf(Function<SlotRef, @Nullable Slot> slots, Consumer<AgentEvent> events) {
        this.slots = slots;
        this.events = events;
    }

    // ---------------------------------------------------------------- the machine's side

    synchronized void fence() {
        held.fence();
    }

    synchronized void admit(long epoch) {
        held.admit(epoch);
    }

    synchronized void hold(String jobId, int shard, String file) {
        held.hold(jobId, shard, file);
    }

    synchronized void release(int shard, String file, boolean forget) {
        held.release(shard, file);
        if (forget) {
            held.forget(file);
        }
    }

    synchronized void forget(String file) {
        held.forget(file);
        shared.values().removeIf(slot -> slot.file().equals(file));
    }

    synchronized void drop(StateName state, SlotRef slot) {
        if (held.drop(state, slot)) {
            free(slot);
        }
    }

    synchronized void share(StateName state, SlotRef slot) {
        shared.put(state, slot);
    }

    synchronized void unshare(StateName state) {
        shared.remove(state);
    }

    private void free(SlotRef ref) {
        Slot slot = slots.apply(ref);
        if (slot != null) {
            slot.free();
        }
    }

    // ---------------------------------------------------------------- the data plane's side

    @Override
    public synchronized @Nullable Slot committed(StateName state) {
        SlotRef ref = shared.get(state);
        if (ref == null) {
            ref = held.find(state);
        }
        Slot slot = ref == null ? null : slots.apply(ref);
        return slot != null && slot.state() == Slot.State.COMMITTED ? slot : null;
    }

    @Override
    public synchronized int mostTableBytes(StateName state) {
        String file = held.fileFor(state);
        Slot slot = file == null ? null : slots.apply(new SlotRef(file, 0));
        return slot == null ? 0 : slot.tableCapacity();
    }

    @Override
    public synchronized @Nullable Slot slotFor(
            StateName state, CopyTerms terms, SlotTable.Meta table) {
        HeldCopies.Admission admission = held.admit(state, terms);
        for (HeldCopies.Dropped dropped : admission.dropped()) {
            free(dropped.slot());
            events.accept(new AgentEvent.CopyDropped(dropped.name(), dropped.slot()));
        }
        SlotRef ref = admission.slot();
        if (ref == null) {
            LOG.debug("refused a copy of {}: {}", state, admission.refusal());
            return null;
        }
        Slot slot = slots.apply(ref);
        if (slot == null) {
            held.damaged(state, ref);
            return null;
        }
        if (slot.state() != Slot.State.EMPTY) {
            slot.free();
        }
        arriving.put(slot, new Arrival(ref, terms.floor(), table.dataBytes()));
        return slot;
    }

    @Override
    public synchronized boolean received(
            StateName state, Slot slot, Digest digest, long placementVersion) {
        Arrival arrival = arriving.remove(slot);
        if (arrival == null) {
            return false;
        }
        boolean kept = held.received(state, arrival.slot());
        if (kept) {
            events.accept(
                    new AgentEvent.CopyReceived(
                            state,
                            arrival.slot(),
                            digest,
                            arrival.bytes(),
                            arrival.floor(),
                            placementVersion));
        } else {
            slot.free();
        }
        return kept;
    }

    @Override
    public synchronized void damaged(StateName state, Slot slot, String reason) {
        Arrival arrival = arriving.remove(slot);
        if (arrival != null) {
            LOG.debug("a copy of {} did not arrive: {}", state, reason);
            held.damaged(state, arrival.slot());
        }
    }
}
