package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.CopyDuty;
import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.StateName;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Streams own snapshots to the holders that this rank feeds, oldest first and one at a time each,
 * and knows which snapshot all of them have verified. Runs in the background of the steps; the
 * vault's floor follows from what this says. Where one is refused again and again, as it is when it
 * is damaged where it lies, the newest goes first if that may be.
 */
final class Replication {
    private static final int MOST_DOUBLINGS = 5;

    /** A snapshot that a holder refused so often may be damaged where it lies. */
    private static final int MOST_REFUSALS = 3;

    /** What this rank owes one holder. */
    private static final class Stream {
        final Peer holder;
        final long bindsFrom;
        @Nullable StateName inFlight;
        long since;
        int failures;
        long retryAt;

        Stream(Peer holder, long bindsFrom) {
            this.holder = holder;
            this.bindsFrom = bindsFrom;
        }
    }

    private final Outbox out;
    private final Vault vault;
    private final AgentLimits limits;
    private List<Stream> streams = new ArrayList<>();
    private long epoch;
    private long version;
    private long baseStep;
    private int shard;
    private boolean running;

    /**
     * The leader finds the newest snapshot that all have: none has to wait for an older one. Else
     * the floor is the least that ranks have, so they acknowledge in order.
     */
    private boolean anyOrder;

    private long longestCopyNanos;

    Replication(Outbox out, Vault vault, AgentLimits limits) {
        this.out = out;
        this.vault = vault;
        this.limits = limits;
    }

    /**
     * A view began. All its duties bind from its base on: the floor waits until the base itself is
     * where it should be.
     *
     * @param leaderFindsFloor from the steps that each rank acknowledges, one by one
     */
    void begin(
            Placement placement,
            int rank,
            int ownShard,
            long viewBase,
            AgentKey self,
            boolean leaderFindsFloor) {
        streams = new ArrayList<>();
        anyOrder = leaderFindsFloor;
        epoch = placement.epoch();
        version = placement.version();
        shard = ownShard;
        baseStep = viewBase;
        running = true;
        for (CopyDuty duty : placement.duties()) {
            if (duty.sourceRank() == rank && !duty.holder().key().equals(self)) {
                streams.add(new Stream(duty.holder(), viewBase));
            }
        }
    }

    /**
     * Who holds copies changed while steps run. Duties that stay keep their state; new ones bind
     * every snapshot above the floor, those taken before the effective step included: the holder
     * that left takes in nothing more, so without that the floor would rise to steps that lie with
     * their owner alone.
     */
    void install(Placement placement, int rank, AgentKey self) {
        if (!running || placement.epoch() != epoch || placement.version() <= version) {
            return;
        }
        version = placement.version();
        long bindsFrom = Math.min(placement.effectiveStep(), vault.floor() + 1);
        List<Stream> next = new ArrayList<>();
        for (CopyDuty duty : placement.duties()) {
            if (duty.sourceRank() != rank || duty.holder().key().equals(self)) {
                continue;
            }
            Stream kept = stream(duty.holder().key());
            next.add(kept != null ? kept : new Stream(duty.holder(), bindsFrom));
        }
        streams = next;
    }

    void stop() {
        running = false;
        streams = new ArrayList<>();
    }

    private @Nullable Stream stream(AgentKey holder) {
        for (Stream stream : streams) {
            if (stream.holder.key().equals(holder)) {
                return stream;
            }
        }
        return null;
    }

    /** A holder's verdict. True ones count even if they come late. */
    void pushed(AgentEvent.CopyPushed event, long now) {
        if (event.verified()) {
            for (Vault.Snapshot snapshot : vault.snapshots()) {
                if (snapshot.name.equals(event.state())) {
                    snapshot.verifiedBy.add(event.holder());
                }
            }
        }
        vault.unpin(event.state());
        Stream stream = stream(event.holder());
        if (stream == null || !event.state().equals(stream.inFlight)) {
            return;
        }
        stream.inFlight = null;
        if (event.verified()) {
            longestCopyNanos = Math.max(longestCopyNanos, now - stream.since);
            stream.failures = 0;
        } else {
            stream.retryAt =
                    now + (limits.pushRetryNanos() << Math.min(MOST_DOUBLINGS, stream.failures++));
        }
    }

    /** Starts what can be started. */
    void pump(long now) {
        if (!running) {
            return;
        }
        for (Stream stream : streams) {
            if (stream.inFlight != null || now - stream.retryAt < 0) {
                continue;
            }
            Vault.Snapshot next = nextFor(stream);
            if (next != null) {
                stream.inFlight = next.name;
                stream.since = now;
                vault.pin(next);
                out.add(new AgentEffect.PushCopy(next.name, next.slot, stream.holder, terms()));
                out.add(new AgentEffect.Reached(next.name.step(), StepPhase.COPY));
            }
        }
    }

    private CopyTerms terms() {
        TreeSet<Long> needed = new TreeSet<>();
        needed.add(vault.floor());
        for (Vault.Snapshot snapshot : vault.snapshots()) {
            if (own(snapshot) && snapshot.name.step() >= baseStep) {
                needed.add(snapshot.name.step());
            }
        }
        return new CopyTerms(epoch, vault.floor(), List.copyOf(needed), version);
    }

    private Vault.@Nullable Snapshot nextFor(Stream stream) {
        long verified = -1;
        for (Vault.Snapshot snapshot : vault.snapshots()) {
            if (own(snapshot) && snapshot.verifiedBy.contains(stream.holder.key())) {
                verified = Math.max(verified, snapshot.name.step());
            }
        }
        boolean newestFirst = anyOrder && stream.failures >= MOST_REFUSALS;
        Vault.Snapshot next = null;
        for (Vault.Snapshot snapshot : vault.snapshots()) {
            if (own(snapshot)
                    && snapshot.committed
                    && snapshot.name.step() >= Math.max(baseStep, stream.bindsFrom)
                    && snapshot.name.step() > verified
                    && (next == null || newestFirst == snapshot.name.step() > next.name.step())) {
                next = snapshot;
            }
        }
        return next;
    }

    private boolean own(Vault.Snapshot snapshot) {
        return snapshot.name.shard() == shard && !snapshot.doomed;
    }

    /**
     * The newest snapshot step that is committed here and verified by every holder it is owed to;
     * the floor where there is none newer. Only this view's base and what came after it count:
     * members that fetched their state have nothing between the floor and the base.
     *
     * @param below nothing at or above counts: others may have a snapshot there that this rank
     *     lacks
     */
    long acknowledgedStep(long below) {
        long newest = vault.floor();
        for (Vault.Snapshot snapshot : vault.snapshots()) {
            long step = snapshot.name.step();
            if (own(snapshot)
                    && snapshot.committed
                    && step >= baseStep
                    && step < below
                    && step > newest
                    && isVerified(snapshot)) {
                newest = step;
            }
        }
        return newest;
    }

    /**
     * The steps above the floor, ascending, that are committed here and verified by every holder
     * they are owed to: what {@link #acknowledgedStep} looks for, where the leader finds the floor
     * that all have. A snapshot that this rank alone lacks is then no obstacle: the next one is.
     */
    List<Long> acknowledgedSteps() {
        TreeSet<Long> steps = new TreeSet<>();
        for (Vault.Snapshot snapshot : vault.snapshots()) {
            long step = snapshot.name.step();
            if (running
                    && own(snapshot)
                    && snapshot.committed
                    && step >= baseStep
                    && step > vault.floor()
                    && isVerified(snapshot)) {
                steps.add(step);
            }
        }
        return List.copyOf(steps);
    }

    private boolean isVerified(Vault.Snapshot snapshot) {
        for (Stream stream : streams) {
            if (snapshot.name.step() >= stream.bindsFrom
                    && !snapshot.verifiedBy.contains(stream.holder.key())) {
                return false;
            }
        }
        return true;
    }

    /** How long the longest copy took of those verified since this was last asked; 0: none was. */
    long takeLongestCopy() {
        long longest = longestCopyNanos;
        longestCopyNanos = 0;
        return longest;
    }

    long nextDeadlineNanos(long now) {
        long deadline = Long.MAX_VALUE;
        if (running) {
            for (Stream stream : streams) {
                if (stream.inFlight == null
                        && stream.retryAt - now > 0
                        && nextFor(stream) != null) {
                    deadline = Math.min(deadline, stream.retryAt);
                }
            }
        }
        return deadline;
    }
}
