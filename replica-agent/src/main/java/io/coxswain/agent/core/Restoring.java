package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.PrepareOrder;
import io.coxswain.agent.core.model.Restore;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.StepPlan;
import io.coxswain.agent.core.model.View;

import org.jspecify.annotations.Nullable;

/**
 * Brings this agent's worker to a view's base as ordered: keeps what is live, loads from an own
 * snapshot or a held copy, or fetches into a free slot first. Never loads what does not match its
 * digest, and frees nothing that anybody may have to go back to: a fetch into full slots takes the
 * place of a snapshot between the floor and the newest.
 */
final class Restoring {
    /** How an attempt stands. */
    private enum Stage {
        IDLE,
        /**
         * Until nothing of older epochs runs, the worker has the program and its region is there.
         */
        WAITING,
        FETCHING,
        LOADING
    }

    private final AgentKey self;
    private final Outbox out;
    private final AgentLimits limits;
    private final Vault vault;
    private final WorkerLife worker;
    private final HolderDuties holding;

    private Stage stage = Stage.IDLE;
    private @Nullable PrepareOrder order;
    private long orderedAt;
    private @Nullable SlotRef fetchInto;

    /**
     * Whether the state is asked for by the name that it gets in the view in preparation: a donor
     * that had it live alone writes it into a slot under that.
     */
    private boolean byNewName;

    private boolean fetchRunning;
    private long fetchAgainAt;
    private long giveUpAt;
    private Restore.Action did = Restore.Action.INIT;
    private Digest expected = Digest.NONE;
    private AgentKey source;
    private long restoredBytes;

    /** Where the state lies that the worker was told to load; null if in no slot. */
    private @Nullable SlotRef loading;

    Restoring(
            AgentKey self,
            Outbox out,
            AgentLimits limits,
            Vault vault,
            WorkerLife worker,
            HolderDuties holding) {
        this.self = self;
        this.source = self;
        this.out = out;
        this.limits = limits;
        this.vault = vault;
        this.worker = worker;
        this.holding = holding;
    }

    void order(PrepareOrder newOrder, long now) {
        order = newOrder;
        stage = Stage.WAITING;
        orderedAt = now;
        restoredBytes = 0;
        source = self;
        fetchInto = null;
        fetchRunning = false;
    }

    /**
     * Given up: a newer epoch came, or the worker died. A fetch that still runs may yet leave a
     * good snapshot.
     */
    void cancel() {
        stage = Stage.IDLE;
    }

    void clear() {
        cancel();
        order = null;
        fetchInto = null;
        fetchRunning = false;
    }

    boolean isRunning() {
        return stage != Stage.IDLE;
    }

    /** Starts once what it needs is there: the worker loaded and a region ready. */
    void proceed(boolean quiet, long now) {
        if (stage != Stage.WAITING
                || !quiet
                || !worker.isLoaded()
                || worker.isReplaced()
                || !vault.hasRegionFor(worker.generation())
                || !vault.regionIsReady()) {
            return;
        }
        PrepareOrder current = order();
        Restore restore = restore(current);
        View view = current.view();
        if (restore.action() != Restore.Action.INIT
                && (restore.state().shard() != view.shardOf(current.rank())
                        || restore.state().step() != view.baseStep())) {
            fail(
                    "ordered to restore "
                            + restore.state()
                            + " for rank "
                            + current.rank()
                            + " at base step "
                            + view.baseStep()
                            + ", which it is not",
                    false);
            return;
        }
        switch (restore.action()) {
            case INIT -> load(WorkerRequest.Origin.INIT, null, Restore.Action.INIT, Digest.NONE, 0);
            case KEEP_LIVE -> keepLive(restore);
            case LOAD_LOCAL, PROMOTE_COPY -> {
                if (!loadHeld(restore)) {
                    fail(
                            "this agent does not hold "
                                    + restore.state()
                                    + " with digest "
                                    + restore.digest(),
                            true);
                }
            }
            case FETCH -> {
                if (!loadHeld(restore)) {
                    fetch(restore, now);
                }
            }
        }
    }

    private void keepLive(Restore restore) {
        StateName live = worker.live();
        if (live == null
                || live.step() != restore.state().step()
                || live.shard() != restore.state().shard()
                || live.epoch() != restore.state().epoch()) {
            fail(
                    "the worker's live state is "
                            + (live == null ? "lost" : live)
                            + ", not "
                            + restore.state(),
                    true);
            return;
        }
        if (!worker.liveDigest().agreesWith(restore.digest())) {
            fail(
                    "the worker's live state has digest "
                            + worker.liveDigest()
                            + ", not "
                            + restore.digest(),
                    true);
            return;
        }
        load(WorkerRequest.Origin.KEEP_LIVE, null, Restore.Action.KEEP_LIVE, Digest.NONE, 0);
    }

    /** Loads from an own snapshot or a held copy; false if there is none. */
    private boolean loadHeld(Restore restore) {
        Vault.Snapshot own = vault.find(restore.state(), restore.digest());
        if (own != null) {
            load(
                    WorkerRequest.Origin.SLOT,
                    own.slot,
                    Restore.Action.LOAD_LOCAL,
                    restore.digest().known() ? restore.digest() : own.digest,
                    own.bytes);
            return true;
        }
        HolderDuties.Copy copy = holding.find(restore.state(), restore.digest());
        if (copy != null) {
            load(
                    WorkerRequest.Origin.SLOT,
                    copy.slot(),
                    Restore.Action.PROMOTE_COPY,
                    restore.digest().known() ? restore.digest() : copy.digest(),
                    copy.bytes());
            return true;
        }
        return false;
    }

    private void fetch(Restore restore, long now) {
        Peer donor = restore.donor();
        if (donor == null || donor.key().equals(self)) {
            fail(
                    "ordered to fetch "
                            + restore.state()
                            + " without a donor other than this agent",
                    true);
            return;
        }
        source = donor.key();
        int slot = vault.freeSlot();
        if (slot < 0 && !vault.isFreeing()) {
            slot = vault.evictBetween();
        }
        if (slot < 0 && vault.isFreeing()) {
            // A transfer is ending; this is asked again when it has.
            return;
        }
        if (slot < 0) {
            fail(
                    "no free slot to fetch "
                            + restore.state()
                            + " into: all hold states that somebody may go back to",
                    false);
            return;
        }
        stage = Stage.FETCHING;
        byNewName = false;
        giveUpAt = now + limits.fetchNanos();
        fetchInto = new SlotRef(vault.region(), slot);
        startFetch(restore, donor);
    }

    private void startFetch(Restore restore, Peer donor) {
        SlotRef destination = fetchInto;
        if (destination == null) {
            return;
        }
        fetchRunning = true;
        vault.reserve(destination);
        StateName name = restore.state();
        if (byNewName) {
            long epoch = order().view().epoch();
            name = new StateName(name.jobId(), epoch, name.step(), name.shard());
        }
        out.add(new AgentEffect.FetchState(name, restore.digest(), donor, destination));
        out.add(new AgentEffect.Reached(restore.state().step(), StepPhase.RESTORE));
    }

    void fetched(AgentEvent.StateFetched event, long now) {
        vault.unreserve(event.destination());
        if (event.ok() && vault.isRegion(event.destination().file())) {
            vault.add(event.state(), event.destination(), event.digest(), event.bytes());
        }
        PrepareOrder current = order;
        if (current == null
                || stage != Stage.FETCHING
                || !fetchRunning
                || !event.destination().equals(fetchInto)) {
            return;
        }
        fetchRunning = false;
        Restore restore = restore(current);
        if (event.ok() && event.digest().agreesWith(restore.digest())) {
            Digest known = restore.digest().known() ? restore.digest() : event.digest();
            // The donor's bytes came whole: what is wrong with them from here on went wrong here,
            // and the donor may be the last who has them.
            source = self;
            load(
                    WorkerRequest.Origin.SLOT,
                    event.destination(),
                    Restore.Action.FETCH,
                    known,
                    event.bytes());
        } else if (event.ok()) {
            fail(
                    "fetched "
                            + event.state()
                            + " has digest "
                            + event.digest()
                            + ", not "
                            + restore.digest(),
                    true);
        } else if (now + limits.fetchRetryNanos() < giveUpAt) {
            fetchAgainAt = now + limits.fetchRetryNanos();
            byNewName = !byNewName;
        } else {
            fail(
                    "could not fetch " + event.state() + " from " + source + ": " + event.reason(),
                    true);
        }
    }

    private void load(
            WorkerRequest.Origin origin,
            @Nullable SlotRef slot,
            Restore.Action action,
            Digest digest,
            long bytes) {
        PrepareOrder current = order();
        View view = current.view();
        StepPlan plan = current.plan();
        if (plan == null) {
            fail("the order for rank " + current.rank() + " has no step plan", false);
            return;
        }
        stage = Stage.LOADING;
        vault.useRegion();
        did = action;
        loading = slot;
        expected = digest;
        restoredBytes = bytes;
        if (origin != WorkerRequest.Origin.KEEP_LIVE) {
            worker.live(null, Digest.NONE);
        }
        worker.ask(
                new WorkerRequest.Prepare(
                        plan,
                        view.epoch(),
                        current.rank(),
                        view.replicas(),
                        view.shards(),
                        view.baseStep(),
                        vault.region(),
                        origin,
                        slot,
                        digest,
                        view.members().get(current.rank()).endpoint().host(),
                        view.members().getFirst().endpoint().host()));
        if (action != Restore.Action.FETCH) {
            out.add(new AgentEffect.Reached(view.baseStep(), StepPhase.RESTORE));
        }
    }

    /**
     * Returns true if the state is the one that was ordered: the agent may say that it is ready.
     */
    boolean prepared(AgentEvent.ViewPrepared event) {
        PrepareOrder current = order;
        if (stage != Stage.LOADING || current == null || event.epoch() != current.view().epoch()) {
            return false;
        }
        Restore restore = restore(current);
        if (event.step() != current.view().baseStep()) {
            fail(
                    "the worker stands at step "
                            + event.step()
                            + ", not at "
                            + current.view().baseStep(),
                    true);
            return false;
        }
        if (expected.known() && !event.digest().equals(expected)) {
            forgetDamaged();
            fail("the state loaded has digest " + event.digest() + ", not " + expected, true);
            return false;
        }
        stage = Stage.IDLE;
        if (restore.action() != Restore.Action.KEEP_LIVE) {
            worker.live(
                    restore.action() == Restore.Action.INIT ? initial(current) : restore.state(),
                    expected);
        }
        if (event.loadedBytes() > 0) {
            restoredBytes = event.loadedBytes();
        }
        return true;
    }

    private static StateName initial(PrepareOrder order) {
        View view = order.view();
        return new StateName(
                view.jobId(), view.epoch(), view.baseStep(), view.shardOf(order.rank()));
    }

    /**
     * Kept, it would be found again at every further attempt, whatever source the leader names
     * then.
     */
    private void forgetDamaged() {
        SlotRef slot = loading;
        if (slot != null) {
            vault.damaged(slot);
            holding.damaged(slot);
        }
    }

    void faulted(String words, boolean badState) {
        if (stage == Stage.LOADING) {
            if (badState) {
                forgetDamaged();
            }
            fail("the worker could not take its rank: " + words, badState);
        }
    }

    private void fail(String reason, boolean badState) {
        PrepareOrder current = order();
        stage = Stage.IDLE;
        Restore restore = restore(current);
        out.report(
                new AgentReport.ViewFailed(
                        current.view().jobId(),
                        current.view().epoch(),
                        reason,
                        badState,
                        badState ? restore.state() : null,
                        badState ? source : null));
    }

    void tick(long now) {
        if (stage == Stage.FETCHING && !fetchRunning && now >= fetchAgainAt) {
            Restore restore = restore(order());
            Peer donor = restore.donor();
            if (donor != null) {
                startFetch(restore, donor);
            }
        }
    }

    long nextDeadlineNanos() {
        return stage == Stage.FETCHING && !fetchRunning ? fetchAgainAt : Long.MAX_VALUE;
    }

    AgentReport.ViewReady ready(long now) {
        PrepareOrder current = order();
        return new AgentReport.ViewReady(
                current.view().jobId(),
                current.view().epoch(),
                current.view().baseStep(),
                worker.liveDigest(),
                did,
                restoredBytes,
                now - orderedAt);
    }

    private PrepareOrder order() {
        PrepareOrder current = order;
        if (current == null) {
            throw new IllegalStateException("no view was ordered");
        }
        return current;
    }

    private static Restore restore(PrepareOrder order) {
        Restore restore = order.restore();
        if (restore == null) {
            throw new IllegalStateException(
                    "view "
                            + order.view().epoch()
                            + ": rank "
                            + order.rank()
                            + " without a way to its state");
        }
        return restore;
    }
}
