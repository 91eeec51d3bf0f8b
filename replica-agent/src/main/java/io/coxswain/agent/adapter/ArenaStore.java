package io.coxswain.agent.adapter;

import io.coxswain.agent.app.ArenaPort;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.HeldState;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The files of an agent's arena folder. Making one reserves its memory and so takes a while: that
 * and deletions run on threads of their own. Port calls come from the decision loop.
 */
final class ArenaStore implements ArenaPort, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ArenaStore.class);

    /**
     * Ends transfers that use slots, so that these may be unmapped; completes when nobody touches
     * them any more.
     */
    interface TransferEnd {
        CompletionStage<Void> cancel(Predicate<Slot> slots, String reason);
    }

    private final Path folder;
    private final long budgetBytes;
    private final Consumer<AgentEvent> events;
    private final CopyShelf shelf;
    private final Map<String, ArenaFile> files = new HashMap<>();
    private final Set<String> making = new HashSet<>();
    private final Set<String> doomed = new HashSet<>();
    private final AtomicLong reservedBytes = new AtomicLong();
    private @Nullable TransferEnd transfers;
    private boolean closed;

    ArenaStore(Path folder, long budgetBytes, Consumer<AgentEvent> events) {
        this.folder = folder;
        this.budgetBytes = budgetBytes;
        this.events = events;
        this.shelf = new CopyShelf(this::slot, events);
    }

    /** The data plane's view of the arena. */
    CopyShelf shelf() {
        return shelf;
    }

    /** To be told before anything is deleted. */
    synchronized void transfers(TransferEnd end) {
        transfers = end;
    }

    /** What its files have reserved. Any thread. */
    long reservedBytes() {
        return reservedBytes.get();
    }

    Path path(String file) {
        return folder.resolve(file);
    }

    synchronized @Nullable ArenaFile file(String name) {
        return files.get(name);
    }

    synchronized @Nullable Slot slot(SlotRef ref) {
        ArenaFile file = files.get(ref.file());
        return file == null || ref.index() >= file.slots() ? null : file.slot(ref.index());
    }

    @Override
    public synchronized void create(String file, ArenaShape shape) {
        making.add(file);
        Thread.ofVirtual().name("arena-create").start(() -> make(file, shape));
    }

    private void make(String name, ArenaShape shape) {
        ArenaFile.Shape bytes =
                new ArenaFile.Shape(
                        shape.parameterElements(),
                        shape.gradientBuffers(),
                        shape.reducedElements(),
                        shape.liveBytes(),
                        shape.slots(),
                        shape.slotDataBytes(),
                        shape.pieces());
        long size = bytes.fileBytes();
        // A restarted worker's region stands beside the old one for a few steps; that excess is
        // short, and the
        // file system has the last word. Copies are held to the budget.
        boolean region = shape.gradientBuffers() > 0;
        long others = reservedBytes.getAndAdd(size);
        if ((region ? 0 : others) + size > budgetBytes) {
            reservedBytes.addAndGet(-size);
            failed(
                    name,
                    "it needs %d bytes of shared memory, and %d of this agent's budget of %d are taken; give the agent more, or protect fewer copies"
                            .formatted(size, others, budgetBytes));
            return;
        }
        ArenaFile made;
        try {
            made = ArenaFile.create(path(name), bytes);
        } catch (IOException | RuntimeException e) {
            reservedBytes.addAndGet(-size);
            failed(name, String.valueOf(e.getMessage()));
            return;
        }
        boolean unwanted;
        synchronized (this) {
            making.remove(name);
            unwanted = closed || doomed.remove(name);
            if (!unwanted) {
                files.put(name, made);
            }
        }
        if (unwanted) {
            unmap(made);
        } else {
            events.accept(new AgentEvent.FileReady(name));
        }
    }

    private void failed(String name, String reason) {
        LOG.warn("cannot make {}: {}", path(name), reason);
        synchronized (this) {
            making.remove(name);
            doomed.remove(name);
        }
        events.accept(new AgentEvent.FileFailed(name, reason));
    }

    @Override
    public void delete(String name) {
        ArenaFile file;
        TransferEnd end;
        synchronized (this) {
            if (making.contains(name)) {
                doomed.add(name);
                return;
            }
            file = files.remove(name);
            end = transfers;
        }
        shelf.forget(name);
        if (file == null) {
            return;
        }
        if (end == null) {
            unmap(file);
            return;
        }
        Set<Slot> slots = new HashSet<>();
        for (int i = 0; i < file.slots(); i++) {
            slots.add(file.slot(i));
        }
        CompletionStage<Void> _ =
                end.cancel(slots::contains, "its memory goes")
                        .thenRun(() ->
                                Thread.ofVirtual().name("arena-delete").start(() -> unmap(file)));
    }

    private void unmap(ArenaFile file) {
        long size = file.shape().fileBytes();
        Path path = file.path();
        file.close();
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("cannot delete {}", path, e);
        }
        reservedBytes.addAndGet(-size);
    }

    @Override
    public void free(SlotRef ref) {
        Slot slot = slot(ref);
        if (slot != null) {
            slot.free();
        }
    }

    /**
     * The file's writer is gone: what it filled and had no time to checksum is completed in its
     * place, on a thread of its own.
     */
    @Override
    public void inspect(String name) {
        Thread.ofVirtual()
                .name("arena-inspect")
                .start(() -> {
                    ArenaFile file = file(name);
                    List<AgentEvent.InspectedSlot> committed = new ArrayList<>();
                    if (file != null) {
                        for (int i = 0; i < file.slots(); i++) {
                            Slot slot = file.slot(i);
                            slot.completeFilled();
                            if (slot.state() == Slot.State.COMMITTED) {
                                describe(i, slot, committed);
                            }
                        }
                    }
                    events.accept(new AgentEvent.FileInspected(name, committed));
                });
    }

    private static void describe(int index, Slot slot, List<AgentEvent.InspectedSlot> committed) {
        try {
            SlotTable table = slot.table();
            SlotTable.Meta meta = table.meta();
            committed.add(
                    new AgentEvent.InspectedSlot(
                            index,
                            new HeldState(
                                    new StateName(
                                            meta.jobId(), meta.epoch(), meta.step(), meta.shard()),
                                    Digest.of(table.digest()),
                                    meta.dataBytes())));
        } catch (IllegalStateException e) {
            LOG.warn("slot {} of a dead worker's region is damaged: {}", index, e.getMessage());
        }
    }

    @Override
    public void share(StateName state, SlotRef slot) {
        shelf.share(state, slot);
    }

    @Override
    public void unshare(StateName state) {
        shelf.unshare(state);
    }

    @Override
    public void holdCopies(String jobId, int shard, String file) {
        shelf.hold(jobId, shard, file);
    }

    @Override
    public void releaseCopies(int shard, String file, boolean forget) {
        shelf.release(shard, file, forget);
    }

    @Override
    public void dropCopy(StateName state, SlotRef slot) {
        shelf.drop(state, slot);
    }

    @Override
    public void admitCopies(long epoch) {
        shelf.admit(epoch);
    }

    /** Unmaps everything; the files stay. To be called when the data plane is closed. */
    @Override
    public void close() {
        List<ArenaFile> all;
        synchronized (this) {
            closed = true;
            all = List.copyOf(files.values());
            files.clear();
        }
        for (ArenaFile file : all) {
            file.close();
        }
    }
}
