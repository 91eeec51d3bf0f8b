package io.coxswain.launcher.bench;

import io.coxswain.agent.copies.CopyPlane;
import io.coxswain.agent.copies.FetchRequest;
import io.coxswain.agent.copies.NettyCopyPlane;
import io.coxswain.agent.copies.PushRequest;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.CopyTerms;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.agent.transfer.NettyDataPlane;
import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.security.PlaneSecurity;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The copy plane of one agent, as the agent has it, with a slot of its own state and one for a
 * copy.
 */
final class CopyNode
        implements CopyPlane.Listener, CopyPlane.SlotLookup, CopyPlane.Intake, AutoCloseable {
    static final StateName STATE = new StateName("bench", 1, 1, 0);

    private static final long PATIENCE_SECONDS = 30;

    private final NettyDataPlane plane;
    private final NettyCopyPlane copies;
    private final ArenaFile arena;
    private final BlockingQueue<String> ended = new LinkedBlockingQueue<>();

    CopyNode(ScratchArenas arenas, int number, long bytes)
            throws IOException, EnvironmentException {
        this(arenas, number, bytes, PlaneSecurity.loopback("the data plane"));
    }

    /** The same with the certificate of the agent {@link #name}, if there is one. */
    CopyNode(ScratchArenas arenas, int number, long bytes, PlaneSecurity security)
            throws IOException, EnvironmentException {
        arena = arenas.make(ArenaFile.Shape.slotsOnly(2, bytes + SlotTable.PIECE_ALIGNMENT, 1));
        plane =
                new NettyDataPlane(
                        new AgentKey(name(number), "%032x".formatted(number)),
                        DataPlaneSettings.loopback(),
                        security);
        copies = new NettyCopyPlane(plane, this, this, this, () -> false);
        plane.start();
    }

    /** The id of that agent. */
    static String name(int number) {
        return "bench-" + number;
    }

    /** Fills the own slot with a state of random bytes. */
    void fill(long bytes) {
        SlotTable.Meta meta =
                SlotTable.Meta.layOut(
                        STATE.jobId(),
                        STATE.epoch(),
                        STATE.step(),
                        STATE.shard(),
                        List.of(SlotTable.Box.range("state", "u8", bytes, 0, bytes, bytes)));
        SlotWriter writer = arena.slot(0).write(meta);
        byte[] noise = new byte[1 << 16];
        new Random(1).nextBytes(noise);
        for (long at = 0; at < bytes; at += noise.length) {
            writer.data().write(at, noise, 0, (int) Math.min(noise.length, bytes - at));
        }
        writer.checksum();
        writer.commit();
    }

    /**
     * Copies the own state to the holder; returns the nanoseconds until its acknowledgement, which
     * is after it verified and committed.
     */
    long push(CopyNode holder) throws EnvironmentException, InterruptedException {
        holder.arena.slot(1).free();
        long before = System.nanoTime();
        copies.push(
                new PushRequest(
                        STATE,
                        arena.slot(0),
                        new Peer(holder.plane.self(), holder.plane.endpoint()),
                        new CopyTerms(1, 0, List.of(), 1),
                        false));
        String reason = ended.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        long nanos = System.nanoTime() - before;
        if (reason == null || !reason.isEmpty()) {
            throw new EnvironmentException(
                    "a copy over loopback failed: " + (reason == null ? "no answer" : reason));
        }
        return nanos;
    }

    @Override
    public void pushed(PushRequest request, boolean verified, String reason) {
        ended.add(verified ? "" : reason.isEmpty() ? "not verified" : reason);
    }

    @Override
    public void fetched(FetchRequest request, boolean ok, String reason, long bytes) {}

    @Override
    public @Nullable Slot committed(StateName state) {
        return null;
    }

    @Override
    public Slot slotFor(StateName state, CopyTerms terms, SlotTable.Meta table) {
        return arena.slot(1);
    }

    @Override
    public boolean received(StateName state, Slot slot, Digest digest, long placementVersion) {
        return true;
    }

    @Override
    public void damaged(StateName state, Slot slot, String reason) {}

    @Override
    public void close() {
        copies.close();
        plane.close();
    }
}
