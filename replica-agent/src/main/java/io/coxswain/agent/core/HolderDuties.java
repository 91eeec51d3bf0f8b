package io.coxswain.agent.core;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.CopyDuty;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.Placement;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.core.model.View;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The copies that this agent holds for other ranks, as told by the intake, and the files they lie
 * in.
 */
final class HolderDuties {
    /** A complete, verified copy. */
    record Copy(StateName name, SlotRef slot, Digest digest, long bytes) {}

    /** One file of copies. */
    private static final class CopyFile {
        final int shard;
        final String name;
        boolean ready;
        boolean wanted = true;

        CopyFile(int shard, String name) {
            this.shard = shard;
            this.name = name;
        }
    }

    /** When copies of a shard were last told of, and the newest not told yet. */
    private static final class Telling {
        long version = -1;
        long toldAt;
        @Nullable Copy untold;
    }

    private final Outbox out;
    private final AgentLimits limits;
    private final List<CopyFile> files = new ArrayList<>();
    private final List<Copy> copies = new ArrayList<>();
    private final Map<Integer, Telling> tellings = new TreeMap<>();

    /** Shards for whose copies there was no memory, with the reason. */
    private final Map<Integer, String> refused = new TreeMap<>();

    private @Nullable Placement placement;
    private String jobId = "";
    private long version;
    private int made;

    HolderDuties(Outbox out, AgentLimits limits) {
        this.out = out;
        this.limits = limits;
    }

    /** Takes the duties of {@code self} on; files are made once the sizes are known. */
    void install(Placement newPlacement, AgentKey self, WorkerLife worker) {
        StateLayout layout = worker.layout();
        placement = newPlacement;
        jobId = newPlacement.jobId();
        version = newPlacement.version();
        if (layout == null) {
            return;
        }
        TreeSet<Integer> wanted = new TreeSet<>();
        for (CopyDuty duty : newPlacement.duties()) {
            if (duty.holder().key().equals(self)) {
                wanted.add(duty.shard());
            }
        }
        for (CopyFile file : files) {
            boolean want = wanted.remove(file.shard);
            if (want && !file.wanted) {
                file.wanted = true;
                if (file.ready) {
                    out.add(
                            new AgentEffect.HoldCopies(
                                    newPlacement.jobId(), file.shard, file.name));
                }
            } else if (!want && file.wanted) {
                file.wanted = false;
                out.add(new AgentEffect.ReleaseCopies(file.shard, file.name, false));
            }
        }
        refused.keySet().retainAll(wanted);
        wanted.removeAll(refused.keySet());
        for (int shard : wanted) {
            CopyFile file = new CopyFile(shard, "copies-" + shard + "-" + made++);
            files.add(file);
            out.add(
                    new AgentEffect.CreateFile(
                            file.name, ArenaShape.copies(layout, shard, worker.pieces())));
        }
    }

    /** The sizes are known now. */
    void layoutKnown(AgentKey self, WorkerLife worker) {
        if (placement != null) {
            install(placement, self, worker);
        }
    }

    boolean fileReady(String name) {
        for (CopyFile file : files) {
            if (file.name.equals(name)) {
                file.ready = true;
                if (file.wanted) {
                    out.add(new AgentEffect.HoldCopies(jobId, file.shard, name));
                }
                return true;
            }
        }
        return false;
    }

    /** There was no room: this agent holds no copies of that shard, and says so. */
    boolean fileFailed(AgentEvent.FileFailed event) {
        for (CopyFile file : files) {
            if (file.name.equals(event.file())) {
                files.remove(file);
                refused.put(file.shard, event.reason());
                refuse(file.shard, event.reason());
                return true;
            }
        }
        return false;
    }

    /** A leader is there again, who may not have heard what this agent cannot hold. */
    void streamOpened() {
        refused.forEach(this::refuse);
    }

    private void refuse(int shard, String reason) {
        out.report(new AgentReport.CopiesRefused(jobId, version, shard, reason));
    }

    void received(AgentEvent.CopyReceived event, long now) {
        copies.removeIf(copy -> copy.slot().equals(event.slot()));
        Copy copy = new Copy(event.state(), event.slot(), event.digest(), event.bytes());
        copies.add(copy);
        Telling telling = tellings.computeIfAbsent(event.state().shard(), shard -> new Telling());
        telling.untold = copy;
        if (telling.version != version || now - telling.toldAt >= limits.copyHeldNanos()) {
            tell(telling, now);
        }
    }

    void dropped(AgentEvent.CopyDropped event) {
        copies.removeIf(
                copy -> copy.slot().equals(event.slot()) && copy.name().equals(event.state()));
    }

    /** What lies there is not what its table says: it is of no use to anybody. */
    void damaged(SlotRef slot) {
        for (Copy copy : List.copyOf(copies)) {
            if (copy.slot().equals(slot)) {
                copies.remove(copy);
                out.add(new AgentEffect.DropCopy(copy.name(), slot));
            }
        }
    }

    private void tell(Telling telling, long now) {
        Copy copy = telling.untold;
        if (copy != null) {
            telling.version = version;
            telling.toldAt = now;
            telling.untold = null;
            out.report(
                    new AgentReport.CopyHeld(
                            new HeldState(copy.name(), copy.digest(), copy.bytes()), version));
        }
    }

    void tick(long now) {
        for (Telling telling : tellings.values()) {
            if (telling.untold != null && now - telling.toldAt >= limits.copyHeldNanos()) {
                tell(telling, now);
            }
        }
    }

    long nextDeadlineNanos() {
        long deadline = Long.MAX_VALUE;
        for (Telling telling : tellings.values()) {
            if (telling.untold != null) {
                deadline = Math.min(deadline, telling.toldAt + limits.copyHeldNanos());
            }
        }
        return deadline;
    }

    /** A complete copy of that name, or one whose digest says that it is the same state. */
    @Nullable Copy find(StateName name, Digest digest) {
        for (Copy copy : copies) {
            if (copy.name().equals(name) && copy.digest().agreesWith(digest)) {
                return copy;
            }
        }
        for (Copy copy : copies) {
            if (Vault.sameState(copy.name(), copy.digest(), name, digest)) {
                return copy;
            }
        }
        return null;
    }

    /**
     * This agent owns the shard now: the file of its copies and all that is in it become the
     * vault's.
     */
    void promote(int shard, Vault vault) {
        for (CopyFile file : List.copyOf(files)) {
            if (file.shard != shard) {
                continue;
            }
            boolean any = false;
            for (Copy copy : List.copyOf(copies)) {
                if (copy.slot().file().equals(file.name)) {
                    any = true;
                    copies.remove(copy);
                    vault.add(copy.name(), copy.slot(), copy.digest(), copy.bytes());
                }
            }
            if (any) {
                files.remove(file);
                tellings.remove(shard);
                out.add(new AgentEffect.ReleaseCopies(shard, file.name, true));
                vault.adopt(file.name);
            }
        }
    }

    /**
     * A view began: copies of steps that it does not trust go, and files that nobody wants and that
     * hold nothing above the floor.
     */
    void beginView(View view, long floor) {
        for (Copy copy : List.copyOf(copies)) {
            if (!view.trusts(copy.name()) && copy.name().epoch() < view.epoch()) {
                copies.remove(copy);
                out.add(new AgentEffect.DropCopy(copy.name(), copy.slot()));
            }
        }
        floorRaised(floor);
    }

    /** Files that no duty fills any more go when all in them is older than the floor. */
    void floorRaised(long floor) {
        for (CopyFile file : List.copyOf(files)) {
            if (file.wanted || !file.ready) {
                continue;
            }
            boolean needed = false;
            for (Copy copy : copies) {
                needed |= copy.slot().file().equals(file.name) && copy.name().step() >= floor;
            }
            if (!needed) {
                files.remove(file);
                copies.removeIf(copy -> copy.slot().file().equals(file.name));
                out.add(new AgentEffect.DeleteFile(file.name));
            }
        }
    }

    List<Copy> copies() {
        return copies;
    }

    void clear() {
        for (CopyFile file : files) {
            out.add(new AgentEffect.ReleaseCopies(file.shard, file.name, true));
            out.add(new AgentEffect.DeleteFile(file.name));
        }
        files.clear();
        copies.clear();
        tellings.clear();
        refused.clear();
        placement = null;
        version = 0;
    }
}
