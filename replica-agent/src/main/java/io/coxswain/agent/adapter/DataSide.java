package io.coxswain.agent.adapter;

import io.coxswain.agent.app.ArenaPort;
import io.coxswain.agent.app.DataPort;
import io.coxswain.agent.collective.TreeCollective;
import io.coxswain.agent.copies.CopyPlane;
import io.coxswain.agent.copies.NettyCopyPlane;
import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.agent.transfer.NettyDataPlane;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.security.PlaneSecurity;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * An agent's arena and its data plane, joined: all that a peer can reach of it. What happens comes
 * as events, on any thread. Thread-safe.
 */
public final class DataSide implements AutoCloseable {
    private final ArenaStore arena;
    private final NettyDataPlane plane;
    private final DataPlaneAdapter data;
    private final TreeCollective collective;
    private final NettyCopyPlane copies;

    private DataSide(
            AgentKey key,
            Path folder,
            long budgetBytes,
            DataPlaneSettings settings,
            PlaneSecurity security,
            CopyPlane.Members members,
            Consumer<AgentEvent> events) {
        arena = new ArenaStore(folder, budgetBytes, events);
        plane = new NettyDataPlane(key, settings, security);
        data = new DataPlaneAdapter(arena, events);
        collective = new TreeCollective(plane, data);
        copies =
                new NettyCopyPlane(
                        plane, data, arena.shelf(), arena.shelf(), collective::busy, members);
        data.connect(collective, copies);
        arena.transfers(data::end);
    }

    /**
     * Begins to listen.
     *
     * @param folder of the arena's files, which is there
     * @param members who may have to do with which copies
     * @throws IOException if the port cannot be opened; the message says what to do
     */
    public static DataSide open(
            AgentKey key,
            Path folder,
            long budgetBytes,
            DataPlaneSettings settings,
            PlaneSecurity security,
            CopyPlane.Members members,
            Consumer<AgentEvent> events)
            throws IOException {
        var made = new DataSide(key, folder, budgetBytes, settings, security, members, events);
        try {
            made.plane.start();
        } catch (IOException | RuntimeException failed) {
            made.close();
            throw failed;
        }
        return made;
    }

    /** Files and slots, for the machine. */
    public ArenaPort arena() {
        return arena;
    }

    /** Collectives and copies, for the machine. */
    public DataPort data() {
        return data;
    }

    /** Where peers reach it. */
    public Endpoint endpoint() {
        return plane.endpoint();
    }

    /** The slot's memory; null: its file is gone. */
    public @Nullable Slot slot(SlotRef ref) {
        return arena.slot(ref);
    }

    /** Frames of peers of newer versions that were of a kind unknown here. */
    long unknownFrames() {
        return plane.unknownFrames();
    }

    /** The files themselves. */
    ArenaStore store() {
        return arena;
    }

    /** Ends all connections, then gives the memory back; the files stay. */
    @Override
    public void close() {
        copies.close();
        collective.close();
        plane.close();
        arena.close();
    }
}
