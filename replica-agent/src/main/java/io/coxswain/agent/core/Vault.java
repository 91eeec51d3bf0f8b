package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The snapshots of this agent's own shard and the files they lie in: the region of the current
 * worker, regions of workers that died, and files of copies that were promoted. A file goes when
 * nothing in it is needed; a snapshot goes when its step is below the floor or a view that began
 * branched off below it.
 */
final class Vault {
    /** One snapshot. Mutable: it is being written, then committed, then verified by holders. */
    static final class Snapshot {
        final StateName name;
        final SlotRef slot;
        final Set<AgentKey> verifiedBy = new HashSet<>();
        Digest digest;
        long bytes;
        boolean committed;

        /** Of no use: freed as soon as its writer and its readers are done. */
        boolean doomed;

        /** Transfers that read it. */
        int pins;

        Snapshot(StateName name, SlotRef slot, Digest digest, long bytes, boolean committed) {
            this.name = name;
            this.slot = slot;
            this.digest = digest;
            this.bytes = bytes;
            this.committed = committed;
        }

        HeldState held() {
            return new HeldState(name, digest, bytes);
        }
    }

    private final Outbox out;
    private final List<Snapshot> snapshots = new ArrayList<>();
    private final Set<String> retired = new HashSet<>();
    private final Set<SlotRef> reserved = new HashSet<>();
    private String region = "";
    private boolean regionReady;
    private boolean regionUsed;
    private int regionGeneration;
    private int files;
    private long floor;

    /** What this rank acknowledged in its last contribution: no floor is beyond it. */
    private long contributed;

    /** The newest view that this agent was told to start. */
    private long startedEpoch;

    Vault(Outbox out) {
        this.out = out;
    }

    // ---------------------------------------------------------------- files

    /**
     * Asks for a region for the worker of that generation. One that no worker ever mapped serves
     * the next; else the former is kept as long as something in it is needed.
     */
    void createRegion(int generation, ArenaShape shape) {
        regionGeneration = generation;
        if (!region.isEmpty() && !regionUsed) {
            return;
        }
        retireRegion();
        region = "region-" + generation + "-" + files++;
        out.add(new AgentEffect.CreateFile(region, shape));
    }

    /** A worker is told to map it. */
    void useRegion() {
        regionUsed = true;
    }

    /** The worker that mapped the region is gone; no other will write there. */
    void retireRegion() {
        if (!region.isEmpty()) {
            retired.add(region);
        }
        region = "";
        regionReady = false;
        regionUsed = false;
    }

    void regionFailed() {
        region = "";
        regionReady = false;
        regionUsed = false;
    }

    /** The worker of the region is gone: what it left half-written is looked up. */
    void inspectIfWriting() {
        for (Snapshot snapshot : snapshots) {
            if (!snapshot.committed && snapshot.slot.file().equals(region)) {
                out.add(new AgentEffect.InspectFile(region));
                return;
            }
        }
    }

    void inspected(AgentEvent.FileInspected event) {
        for (Snapshot snapshot : List.copyOf(snapshots)) {
            if (snapshot.committed || !snapshot.slot.file().equals(event.file())) {
                continue;
            }
            AgentEvent.InspectedSlot found = null;
            for (AgentEvent.InspectedSlot slot : event.committed()) {
                if (slot.index() == snapshot.slot.index()
                        && slot.held().state().equals(snapshot.name)) {
                    found = slot;
                }
            }
            if (found == null) {
                snapshots.remove(snapshot);
            } else {
                committed(snapshot, found.held().digest(), found.held().bytes());
            }
        }
    }

    boolean regionReady(String file) {
        if (file.equals(region)) {
            regionReady = true;
        }
        return file.equals(region);
    }

    boolean isRegion(String file) {
        return file.equals(region);
    }

    boolean hasRegionFor(int generation) {
        return !region.isEmpty() && regionGeneration == generation;
    }

    boolean regionIsReady() {
        return regionReady;
    }

    String region() {
        return region;
    }

    /** A slot of the region in which nothing lies, or -1. */
    int freeSlot() {
        for (int index = 0; index < ArenaShape.SLOTS; index++) {
            boolean taken = !reserved.isEmpty() && reserved.contains(new SlotRef(region, index));
            for (Snapshot snapshot : snapshots) {
                taken |= snapshot.slot.index() == index && snapshot.slot.file().equals(region);
            }
            if (!taken) {
                return index;
            }
        }
        return -1;
    }

    /**
     * Makes room when all slots are taken: gives up the oldest snapshot in the region above the
     * floor and above what this rank acknowledged in its last contribution, which the floor cannot
     * have reached. If there is none such, one between the floor and the newest goes: the word of a
     * newer floor would have come with the order, unless nobody is left who heard it. Returns the
     * slot, or -1 if there is none such.
     */
    int evictBetween() {
        Snapshot newest = null;
        Snapshot victim = null;
        for (Snapshot snapshot : snapshots) {
            if (!snapshot.doomed && (newest == null || snapshot.name.step() > newest.name.step())) {
                newest = snapshot;
            }
        }
        for (Snapshot snapshot : snapshots) {
            if ((snapshot != newest || snapshot.name.step() > contributed)
                    && snapshot.committed
                    && !snapshot.doomed
                    && snapshot.slot.file().equals(region)
                    && snapshot.name.step() > floor
                    && (victim == null || isRatherGivenUp(snapshot, victim))) {
                victim = snapshot;
            }
        }
        if (victim == null) {
            return -1;
        }
        free(victim);
        return victim.doomed ? -1 : victim.slot.index();
    }

    private boolean isRatherGivenUp(Snapshot snapshot, Snapshot than) {
        boolean beyond = snapshot.name.step() > contributed;
        boolean thanBeyond = than.name.step() > contributed;
        return beyond == thanBeyond ? snapshot.name.step() < than.name.step() : beyond;
    }

    // ---------------------------------------------------------------- snapshots

    Snapshot writing(StateName name, int slot) {
        Snapshot snapshot = new Snapshot(name, new SlotRef(region, slot), Digest.NONE, 0, false);
        snapshots.add(snapshot);
        return snapshot;
    }

    /** A fetched or promoted state: committed already. */
    Snapshot add(StateName name, SlotRef slot, Digest digest, long bytes) {
        Snapshot snapshot = new Snapshot(name, slot, digest, bytes, true);
        snapshots.add(snapshot);
        out.add(new AgentEffect.ShareState(name, slot));
        return snapshot;
    }

    /** Something is being fetched into that slot. */
    void reserve(SlotRef slot) {
        reserved.add(slot);
    }

    void unreserve(SlotRef slot) {
        reserved.remove(slot);
    }

    /** Takes over a file of copies; it goes when its last snapshot goes. */
    void adopt(String file) {
        retired.add(file);
    }

    /** The snapshot being written into that slot of the region, null if none is. */
    @Nullable Snapshot writingIn(int slot, long epoch, long step) {
        for (Snapshot snapshot : snapshots) {
            if (!snapshot.committed
                    && snapshot.slot.index() == slot
                    && snapshot.slot.file().equals(region)
                    && snapshot.name.epoch() == epoch
                    && snapshot.name.step() == step) {
                return snapshot;
            }
        }
        return null;
    }

    /** Returns false if the snapshot was given up meanwhile. */
    boolean committed(Snapshot snapshot, Digest digest, long bytes) {
        snapshot.digest = digest;
        snapshot.bytes = bytes;
        snapshot.committed = true;
        if (snapshot.doomed || snapshot.name.step() < floor) {
            free(snapshot);
            sweepFiles();
            return false;
        }
        out.add(new AgentEffect.ShareState(snapshot.name, snapshot.slot));
        if (snapshot.name.epoch() <= startedEpoch) {
            freeTwins(snapshot);
        }
        return true;
    }

    /**
     * An older view's snapshot of the very same state takes a slot that this view's agreed
     * snapshots need. Only once the view has started: what a view that never did has named is
     * trusted no longer than until the next one.
     */
    private void freeTwins(Snapshot newest) {
        for (int i = snapshots.size() - 1; i >= 0; i--) {
            Snapshot twin = snapshots.get(i);
            if (twin != newest
                    && twin.committed
                    && !twin.doomed
                    && twin.name.epoch() < newest.name.epoch()
                    && twin.slot.file().equals(region)
                    && newest.slot.file().equals(region)
                    && sameState(twin.name, twin.digest, newest.name, newest.digest)) {
                free(twin);
            }
        }
    }

    /** What lies there is not what its table says: it is of no use to anybody. */
    void damaged(SlotRef slot) {
        for (Snapshot snapshot : List.copyOf(snapshots)) {
            if (snapshot.committed && !snapshot.doomed && snapshot.slot.equals(slot)) {
                free(snapshot);
            }
        }
        sweepFiles();
    }

    /** Nobody is to go back to that snapshot: its slot is wanted for others. */
    void giveUp(StateName name) {
        for (Snapshot snapshot : List.copyOf(snapshots)) {
            if (snapshot.name.equals(name) && !snapshot.doomed) {
                drop(snapshot);
            }
        }
        sweepFiles();
    }

    /** True if a snapshot of that step is here or being written. */
    boolean hasStep(long step) {
        for (Snapshot snapshot : snapshots) {
            if (snapshot.name.step() == step && !snapshot.doomed) {
                return true;
            }
        }
        return false;
    }

    void abandoned(Snapshot snapshot) {
        snapshots.remove(snapshot);
        out.add(new AgentEffect.FreeSlot(snapshot.slot));
    }

    // One that is still being written is freed once it is.
    private void drop(Snapshot snapshot) {
        if (snapshot.committed && !snapshot.doomed) {
            free(snapshot);
        } else {
            snapshot.doomed = true;
        }
    }

    private void free(Snapshot snapshot) {
        if (!snapshot.doomed || snapshot.pins == 0) {
            out.add(new AgentEffect.UnshareState(snapshot.name));
        }
        if (snapshot.pins > 0) {
            snapshot.doomed = true;
            out.add(new AgentEffect.CancelPushes(snapshot.slot));
            return;
        }
        snapshots.remove(snapshot);
        out.add(new AgentEffect.FreeSlot(snapshot.slot));
    }

    /** A transfer reads the snapshot: its slot stays as it is until {@link #unpin}. */
    void pin(Snapshot snapshot) {
        snapshot.pins++;
    }

    /** A transfer of the state has ended. */
    void unpin(StateName name) {
        for (Snapshot snapshot : snapshots) {
            if (snapshot.name.equals(name) && snapshot.pins > 0) {
                snapshot.pins--;
                if (snapshot.doomed && snapshot.pins == 0 && snapshot.committed) {
                    free(snapshot);
                    sweepFiles();
                }
                return;
            }
        }
    }

    /** True if a slot of the region becomes free without anybody's doing. */
    boolean isFreeing() {
        for (Snapshot snapshot : snapshots) {
            if (snapshot.doomed && snapshot.slot.file().equals(region)) {
                return true;
            }
        }
        return false;
    }

    /** A committed snapshot of that name, or one whose digest says that it is the same state. */
    @Nullable Snapshot find(StateName name, Digest digest) {
        for (Snapshot snapshot : snapshots) {
            if (snapshot.committed
                    && !snapshot.doomed
                    && snapshot.name.equals(name)
                    && snapshot.digest.agreesWith(digest)) {
                return snapshot;
            }
        }
        for (Snapshot snapshot : snapshots) {
            if (snapshot.committed
                    && !snapshot.doomed
                    && sameState(snapshot.name, snapshot.digest, name, digest)) {
                return snapshot;
            }
        }
        return null;
    }

    /** True if a snapshot of exactly that name is here or being written. */
    boolean holds(StateName name) {
        for (Snapshot snapshot : snapshots) {
            if (snapshot.name.equals(name) && !snapshot.doomed) {
                return true;
            }
        }
        return false;
    }

    /** True if a snapshot of exactly that name is here, whole. */
    boolean isCommitted(StateName name) {
        for (Snapshot snapshot : snapshots) {
            if (snapshot.name.equals(name) && snapshot.committed && !snapshot.doomed) {
                return true;
            }
        }
        return false;
    }

    static boolean sameState(StateName a, Digest digestA, StateName b, Digest digestB) {
        return a.step() == b.step()
                && a.shard() == b.shard()
                && a.jobId().equals(b.jobId())
                && digestA.known()
                && digestA.equals(digestB);
    }

    boolean isWriting() {
        for (Snapshot snapshot : snapshots) {
            if (!snapshot.committed) {
                return true;
            }
        }
        return false;
    }

    /** In order of their making. */
    List<Snapshot> snapshots() {
        return snapshots;
    }

    // ---------------------------------------------------------------- floor and lineage

    long floor() {
        return floor;
    }

    /**
     * The newest step that everybody can go back to, as far as this agent knows. Frees what is
     * older.
     */
    void raiseFloor(long step) {
        if (step <= floor) {
            return;
        }
        floor = step;
        boolean freed = false;
        for (int i = snapshots.size() - 1; i >= 0; i--) {
            Snapshot snapshot = snapshots.get(i);
            if (snapshot.committed && !snapshot.doomed && snapshot.name.step() < step) {
                free(snapshot);
                freed = true;
            }
        }
        if (freed) {
            sweepFiles();
        }
    }

    /** This rank's part of the next floor is on its way. */
    void contributed(long acknowledgedStep) {
        contributed = acknowledgedStep;
    }

    /**
     * The floor that the coordinator gathered from all who answered its fence. A lower one than
     * this agent knows is of a history that was given up, or lies in nobody's memory any more.
     */
    void agreeFloor(long step) {
        floor = Math.min(floor, step);
        raiseFloor(step);
    }

    /**
     * A view began: what it branched off below is worthless, and files without a needed snapshot
     * go.
     */
    void beginView(View view) {
        startedEpoch = view.epoch();
        floor = Math.min(floor, view.baseStep());
        contributed = floor;
        for (Snapshot snapshot : List.copyOf(snapshots)) {
            if (!view.trusts(snapshot.name) && snapshot.name.epoch() < view.epoch()) {
                drop(snapshot);
            }
        }
        for (Snapshot snapshot : List.copyOf(snapshots)) {
            if (snapshot.name.epoch() == view.epoch() && snapshot.committed && !snapshot.doomed) {
                freeTwins(snapshot);
            }
        }
        sweepFiles();
    }

    private void sweepFiles() {
        for (String file : List.copyOf(retired)) {
            boolean used = false;
            for (Snapshot snapshot : snapshots) {
                used |= snapshot.slot.file().equals(file);
            }
            if (!used) {
                retired.remove(file);
                out.add(new AgentEffect.DeleteFile(file));
            }
        }
    }

    /** The job is over. */
    void clear() {
        for (Snapshot snapshot : snapshots) {
            if (snapshot.committed) {
                out.add(new AgentEffect.UnshareState(snapshot.name));
            }
        }
        snapshots.clear();
        retireRegion();
        reserved.clear();
        sweepFiles();
        floor = 0;
        contributed = 0;
        startedEpoch = 0;
    }
}
