package io.coxswain.agent.adapter;

import io.coxswain.agent.app.DataPort;
import io.coxswain.agent.collective.Collective;
import io.coxswain.agent.collective.CollectiveView;
import io.coxswain.agent.copies.CopyPlane;
import io.coxswain.agent.copies.FetchRequest;
import io.coxswain.agent.copies.PushRequest;
import io.coxswain.agent.core.AgentEffect;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.View;
import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The collective and the copy plane behind {@link DataPort}; their callbacks become events. Port
 * calls come from the decision loop.
 */
final class DataPlaneAdapter implements DataPort, Collective.Listener, CopyPlane.Listener {
    private final ArenaStore arena;
    private final Consumer<AgentEvent> events;
    private final Map<FetchRequest, SlotRef> fetches = new ConcurrentHashMap<>();
    private CompletionStage<Void> lastAbort = CompletableFuture.completedStage(null);
    private @Nullable Collective collective;
    private @Nullable CopyPlane copies;

    DataPlaneAdapter(ArenaStore arena, Consumer<AgentEvent> events) {
        this.arena = arena;
        this.events = events;
    }

    /** Before the first port call. */
    void connect(Collective reducing, CopyPlane copying) {
        collective = reducing;
        copies = copying;
    }

    private Collective collective() {
        Collective connected = collective;
        if (connected == null) {
            throw new IllegalStateException("the data plane is not connected yet");
        }
        return connected;
    }

    private CopyPlane copies() {
        CopyPlane connected = copies;
        if (connected == null) {
            throw new IllegalStateException("the data plane is not connected yet");
        }
        return connected;
    }

    @Override
    public void fence(AgentEffect.FenceData fence) {
        // First the intake: what it took in before is posted already, so the machine hears of it
        // before it hears of the fence.
        arena.shelf().fence();
        long epoch = fence.belowEpoch();
        CompletionStage<Void> aborted = collective().abort(fence.jobId(), epoch);
        lastAbort = aborted;
        CompletionStage<Void> _ =
                aborted.thenRun(() -> events.accept(new AgentEvent.DataFenced(epoch)));
    }

    /**
     * Ends transfers that use the slots; completes when nobody of the data plane touches them, or
     * regions of views that were fenced, any more.
     */
    CompletionStage<Void> end(Predicate<Slot> slots, String reason) {
        return copies().cancel(slots, reason).thenCompose(_ -> lastAbort);
    }

    @Override
    public void cancelPushes(SlotRef ref) {
        Slot slot = arena.slot(ref);
        if (slot != null) {
            CompletionStage<Void> _ =
                    copies().cancel(
                                    candidate -> candidate == slot,
                                    "its snapshot is not needed any more");
        }
    }

    @Override
    public void configure(AgentEffect.ConfigureCollective effect) {
        View view = effect.view();
        ArenaFile region = arena.file(effect.region());
        if (region == null) {
            throw new IllegalStateException(
                    "view "
                            + view.epoch()
                            + " is to use region "
                            + effect.region()
                            + ", which is gone");
        }
        collective()
                .configure(
                        new CollectiveView(
                                view.jobId(),
                                view.epoch(),
                                effect.rank(),
                                view.replicas(),
                                view.shards(),
                                effect.job().microshards(),
                                effect.layout().shardBegin(),
                                view.members(),
                                region));
    }

    @Override
    public void reduce(AgentEffect.Reduce reduce) {
        collective()
                .reduce(
                        reduce.epoch(),
                        reduce.step(),
                        reduce.microshardLosses(),
                        reduce.acknowledgedStep(),
                        reduce.executeNanos());
    }

    @Override
    public void gather(AgentEffect.Gather gather) {
        collective().gather(gather.epoch(), gather.step());
    }

    @Override
    public void push(AgentEffect.PushCopy push) {
        Slot source = arena.slot(push.slot());
        if (source == null) {
            events.accept(
                    new AgentEvent.CopyPushed(
                            push.state(), push.holder().key(), false, "its file is gone"));
            return;
        }
        copies().push(new PushRequest(push.state(), source, push.holder(), push.terms(), false));
    }

    @Override
    public void fetch(AgentEffect.FetchState fetch) {
        Slot destination = arena.slot(fetch.destination());
        if (destination == null) {
            events.accept(
                    new AgentEvent.StateFetched(
                            fetch.state(),
                            fetch.destination(),
                            false,
                            "its file is gone",
                            Digest.NONE,
                            0));
            return;
        }
        if (destination.state() != Slot.State.EMPTY) {
            destination.free();
        }
        FetchRequest request =
                new FetchRequest(fetch.state(), fetch.digest(), fetch.donor(), destination);
        fetches.put(request, fetch.destination());
        copies().fetch(request);
    }

    @Override
    public List<Integer> waitingForRanks() {
        return collective().waitingForRanks().stream().sorted().toList();
    }

    // ---------------------------------------------------------------- callbacks

    @Override
    public void reduced(
            long epoch, long step, double lossSum, long floor, long[] executeNanosByRank) {
        events.accept(new AgentEvent.Reduced(epoch, step, lossSum, floor, executeNanosByRank));
    }

    @Override
    public void gathered(long epoch, long step) {
        events.accept(new AgentEvent.Gathered(epoch, step));
    }

    @Override
    public void peerUnreachable(long epoch, int rank, String detail) {
        events.accept(new AgentEvent.PeerLost(epoch, rank, detail));
    }

    @Override
    public void pushed(PushRequest request, boolean verified, String reason) {
        events.accept(
                new AgentEvent.CopyPushed(
                        request.state(), request.holder().key(), verified, reason));
    }

    @Override
    public void fetched(FetchRequest request, boolean ok, String reason, long bytes) {
        SlotRef destination = fetches.remove(request);
        if (destination == null) {
            return;
        }
        if (!ok) {
            events.accept(
                    new AgentEvent.StateFetched(
                            request.state(), destination, false, reason, Digest.NONE, bytes));
            return;
        }
        try {
            var table = request.destination().table();
            events.accept(
                    new AgentEvent.StateFetched(
                            request.state(),
                            destination,
                            true,
                            "",
                            Digest.of(table.digest()),
                            table.meta().dataBytes()));
        } catch (IllegalStateException e) {
            events.accept(
                    new AgentEvent.StateFetched(
                            request.state(),
                            destination,
                            false,
                            String.valueOf(e.getMessage()),
                            Digest.NONE,
                            bytes));
        }
    }
}
