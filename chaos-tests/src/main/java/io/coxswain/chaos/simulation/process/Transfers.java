package io.coxswain.chaos.simulation.process;

import io.coxswain.agent.core.AgentEffect;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.chaos.simulation.worker.Arena;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Copies that one agent sends, and states that it fetches. Each request ends in one event. */
final class Transfers {
    private static final long STATE_BYTES = 4096;
    private static final long FLIPPED_ON_THE_WIRE = 1L << 41;

    private final DataPlane plane;
    private final DataEnd end;
    private final AgentMemory memory;
    private final List<Push> pushes = new ArrayList<>();
    private final List<Fetch> fetches = new ArrayList<>();
    private final List<Push> arriving = new ArrayList<>();

    /** A state as it arrives, and the digest that its sender's table has. */
    private record Sent(long content, long recorded) {}

    private static final class Push {
        private final AgentEffect.PushCopy asked;
        private final DataEnd holder;
        private final Sent sent;
        private @Nullable SlotRef into;
        private boolean done;

        Push(AgentEffect.PushCopy asked, DataEnd holder, Sent sent) {
            this.asked = asked;
            this.holder = holder;
            this.sent = sent;
        }
    }

    private static final class Fetch {
        private final AgentEffect.FetchState asked;
        private final @Nullable DataEnd donor;
        private boolean done;

        Fetch(AgentEffect.FetchState asked, @Nullable DataEnd donor) {
            this.asked = asked;
            this.donor = donor;
        }
    }

    Transfers(DataPlane plane, DataEnd end, AgentMemory memory) {
        this.plane = plane;
        this.end = end;
        this.memory = memory;
    }

    int kept() {
        return pushes.size() + fetches.size() + arriving.size();
    }

    private SimAgent agent() {
        return end.agent();
    }

    private void tell(long delay, AgentEvent event) {
        plane.kernel().after(delay, "transfer", () -> agent().deliver(() -> agent().post(event)));
    }

    void fence() {
        memory.fenceCopies();
    }

    private Sent sent(Arena.Cell cell, DataEnd to) {
        long content = cell.content();
        return new Sent(
                plane.damages(end, to) ? content ^ FLIPPED_ON_THE_WIRE : content, cell.recorded());
    }

    private boolean verified(Sent arrived) {
        return arrived.content() == arrived.recorded()
                || !agent().interceptor().verifiesTransfers();
    }

    // ---------------------------------------------------------------- push

    void push(AgentEffect.PushCopy asked) {
        DataEnd holder = plane.find(asked.holder().key());
        Arena.Cell source = memory.arena().cell(asked.slot());
        if (holder == null || source == null || !source.isCommitted()) {
            tell(
                    plane.soon(),
                    new AgentEvent.CopyPushed(
                            asked.state(), asked.holder().key(), false, "unreachable"));
            return;
        }
        var push = new Push(asked, holder, sent(source, holder));
        pushes.add(push);
        plane.send(end, holder, "copy", () -> holder.transfers().begin(this, push));
        plane.kernel()
                .after(
                        DataPlane.STALL_NANOS + plane.transferNanos() * 4,
                        "copy-limit",
                        () -> agent().deliver(() -> over(push, false, "stalled")));
    }

    private void over(Push push, boolean verified, String reason) {
        if (push.done) {
            return;
        }
        push.done = true;
        pushes.remove(push);
        if (!verified) {
            SlotRef into = push.into;
            DataEnd holder = push.holder;
            if (into != null) {
                plane.send(end, holder, "copy-end", () -> holder.transfers().dropped(push, into));
            }
        }
        agent().post(
                        new AgentEvent.CopyPushed(
                                push.asked.state(), push.asked.holder().key(), verified, reason));
    }

    private void begin(Transfers source, Push push) {
        if (push.done) {
            return;
        }
        SlotRef slot = memory.admit(push.asked.state(), push.asked.terms());
        if (slot == null) {
            plane.send(end, source.end, "verdict", () -> source.over(push, false, "refused"));
            return;
        }
        push.into = slot;
        arriving.add(push);
        plane.kernel()
                .after(
                        plane.transferNanos(),
                        "copying",
                        () -> {
                            if (push.done) {
                                agent().deliver(() -> dropped(push, slot));
                                return;
                            }
                            if (!plane.passes(source.end, end)) {
                                // A copy never jumps over a cut; both sides give it up.
                                plane.kernel()
                                        .after(
                                                DataPlane.STALL_NANOS,
                                                "copy-limit",
                                                () -> agent().deliver(() -> dropped(push, slot)));
                                return;
                            }
                            agent().deliver(() -> arrived(source, push, slot));
                        });
    }

    private void arrived(Transfers source, Push push, SlotRef slot) {
        if (!arriving.remove(push)) {
            return;
        }
        plane.kernel().trace().content(push.sent);
        Arena.Cell cell = memory.arena().cell(slot);
        if (push.done
                || !verified(push.sent)
                || cell == null
                || cell.stage() != Arena.Stage.WRITING) {
            memory.damaged(push.asked.state(), slot);
            plane.send(end, source.end, "verdict", () -> source.over(push, false, "damaged"));
            return;
        }
        cell.fill(push.sent.content());
        cell.commit();
        boolean wanted = memory.received(push.asked.state(), slot);
        if (wanted) {
            agent().facts().committed(agent().name(), cell);
            agent().post(
                            new AgentEvent.CopyReceived(
                                    push.asked.state(),
                                    slot,
                                    new Digest(cell.digestHex()),
                                    STATE_BYTES,
                                    push.asked.terms().floor(),
                                    push.asked.terms().placementVersion()));
        } else {
            cell.free();
        }
        plane.send(
                end,
                source.end,
                "verdict",
                () -> source.over(push, wanted, wanted ? "" : "nobody waits for it"));
    }

    private void dropped(Push push, SlotRef into) {
        if (arriving.remove(push)) {
            memory.damaged(push.asked.state(), into);
        }
    }

    // ---------------------------------------------------------------- fetch

    void fetch(AgentEffect.FetchState asked) {
        DataEnd donor = plane.find(asked.donor().key());
        var fetch = new Fetch(asked, donor);
        fetches.add(fetch);
        Arena.Cell into = memory.arena().cell(asked.destination());
        if (into != null && into.isCommitted()) {
            agent().facts().broken("I3", agent().name() + " fetches over " + into.name());
        }
        if (into != null) {
            into.begin(asked.state());
        }
        if (donor == null || into == null) {
            plane.kernel()
                    .after(
                            plane.soon(),
                            "fetch",
                            () -> agent().deliver(() -> failed(fetch, "connection refused")));
            return;
        }
        plane.send(end, donor, "fetch", () -> donor.transfers().give(this, fetch));
        plane.kernel()
                .after(
                        DataPlane.STALL_NANOS,
                        "fetch-limit",
                        () -> agent().deliver(() -> failed(fetch, "stalled")));
    }

    private void give(Transfers recipient, Fetch fetch) {
        SlotRef slot = memory.find(fetch.asked.state());
        Arena.Cell cell = slot == null ? null : memory.arena().cell(slot);
        if (cell == null) {
            plane.send(end, recipient.end, "fetch-no", () -> recipient.failed(fetch, "not here"));
            return;
        }
        Sent sent = sent(cell, recipient.end);
        plane.kernel()
                .after(
                        plane.transferNanos() / 4,
                        "fetching",
                        () ->
                                plane.send(
                                        end,
                                        recipient.end,
                                        "fetched",
                                        () -> recipient.got(fetch, sent)));
    }

    private void got(Fetch fetch, Sent sent) {
        if (fetch.done) {
            return;
        }
        Arena.Cell cell = memory.arena().cell(fetch.asked.destination());
        if (cell == null) {
            failed(fetch, "its file is gone");
            return;
        }
        plane.kernel().trace().content(sent);
        if (!verified(sent)) {
            failed(fetch, "damaged");
            return;
        }
        cell.fill(sent.content());
        cell.commit();
        agent().facts().committed(agent().name(), cell);
        fetch.done = true;
        fetches.remove(fetch);
        agent().post(
                        new AgentEvent.StateFetched(
                                fetch.asked.state(),
                                fetch.asked.destination(),
                                true,
                                "",
                                new Digest(cell.digestHex()),
                                STATE_BYTES));
    }

    private void failed(Fetch fetch, String reason) {
        if (fetch.done) {
            return;
        }
        fetch.done = true;
        fetches.remove(fetch);
        Arena.Cell cell = memory.arena().cell(fetch.asked.destination());
        if (cell != null && cell.stage() == Arena.Stage.WRITING) {
            cell.free();
        }
        agent().post(
                        new AgentEvent.StateFetched(
                                fetch.asked.state(),
                                fetch.asked.destination(),
                                false,
                                reason,
                                Digest.NONE,
                                0));
    }

    // ---------------------------------------------------------------- ends

    /** Ends what uses such slots, here as source, as holder or as recipient. */
    void cancel(Predicate<SlotRef> slots, String reason) {
        for (Push push : List.copyOf(pushes)) {
            if (slots.test(push.asked.slot())) {
                plane.kernel()
                        .after(
                                plane.soon() / 10,
                                "cancelled",
                                () -> agent().deliver(() -> over(push, false, reason)));
            }
        }
        for (Push push : List.copyOf(arriving)) {
            SlotRef into = push.into;
            if (into != null && slots.test(into)) {
                arriving.remove(push);
                memory.damaged(push.asked.state(), into);
            }
        }
        for (Fetch fetch : List.copyOf(fetches)) {
            if (slots.test(fetch.asked.destination())) {
                plane.kernel()
                        .after(
                                plane.soon() / 10,
                                "cancelled",
                                () -> agent().deliver(() -> failed(fetch, reason)));
            }
        }
    }

    /** The connection to that peer broke. */
    void broken(DataEnd peer) {
        for (Push push : List.copyOf(pushes)) {
            if (push.holder == peer) {
                agent().deliver(() -> over(push, false, "connection reset"));
            }
        }
        for (Fetch fetch : List.copyOf(fetches)) {
            if (fetch.donor == peer) {
                agent().deliver(() -> failed(fetch, "connection reset"));
            }
        }
    }

    void die() {
        for (Push push : List.copyOf(arriving)) {
            push.into = null;
        }
        pushes.forEach(push -> push.done = true);
        fetches.forEach(fetch -> fetch.done = true);
        pushes.clear();
        fetches.clear();
        arriving.clear();
    }
}
