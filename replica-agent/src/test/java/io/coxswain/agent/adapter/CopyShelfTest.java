package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.bridge.arena.SlotWriter;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

class CopyShelfTest {
    private static final String FILE = "copies-1-0";
    private static final int BYTES = 64;

    @TempDir Path folder;

    private final BlockingQueue<AgentEvent> events = new LinkedBlockingQueue<>();
    private ArenaStore arena = new ArenaStore(Path.of("."), 0, events::add);

    @BeforeEach
    void makeAFileOfCopies() throws InterruptedException {
        arena = new ArenaStore(folder, 1 << 20, events::add);
        arena.create(FILE, new ArenaShape(0, 0, 0, 0, 3, BYTES, 4));
        assertThat(next()).isEqualTo(new AgentEvent.FileReady(FILE));
        arena.holdCopies("job-1", 1, FILE);
    }

    @AfterEach
    void close() {
        arena.close();
    }

    private AgentEvent next() throws InterruptedException {
        AgentEvent event = events.poll(10, TimeUnit.SECONDS);
        if (event == null) {
            throw new AssertionError("no event came");
        }
        return event;
    }

    private static StateName state(long step) {
        return new StateName("job-1", 1, step, 1);
    }

    private static SlotTable.Meta meta(long step) {
        return SlotTable.Meta.layOut(
                "job-1", 1, step, 1, List.of(SlotTable.Box.range("w", "f32", 16, 0, 16, BYTES)));
    }

    /** A copy arrives whole. */
    private Slot arrive(long step, long floor) throws InterruptedException {
        Slot slot = arena.shelf().slotFor(state(step), floor, meta(step));
        if (slot == null) {
            throw new AssertionError("copy of step " + step + " refused");
        }
        SlotWriter writer = slot.write(meta(step));
        writer.checksum();
        Digest digest = Digest.of(writer.commit());
        arena.shelf().received(state(step), slot, digest, 1);
        AgentEvent event = next();
        while (event instanceof AgentEvent.CopyDropped) {
            event = next();
        }
        assertThat(event)
                .isInstanceOfSatisfying(
                        AgentEvent.CopyReceived.class,
                        received -> {
                            assertThat(received.state()).isEqualTo(state(step));
                            assertThat(received.digest()).isEqualTo(digest);
                            assertThat(received.floor()).isEqualTo(floor);
                            assertThat(received.bytes()).isEqualTo(BYTES);
                        });
        return slot;
    }

    @Test
    void copiesAreFoundByTheirNames() throws InterruptedException {
        Slot slot = arrive(5, 5);
        assertThat(arena.shelf().committed(state(5))).isSameAs(slot);
        assertThat(arena.shelf().committed(state(6))).isNull();
    }

    @Test
    void whatIsBelowTheFloorMakesRoom() throws InterruptedException {
        Slot first = arrive(5, 5);
        arrive(6, 5);
        arrive(7, 5);
        assertThat(arena.shelf().slotFor(state(8), 5, meta(8)))
                .as("the one between gives way")
                .isNotNull();
        assertThat(next()).isInstanceOf(AgentEvent.CopyDropped.class);
        assertThat(first.state()).isEqualTo(Slot.State.COMMITTED);
        assertThat(arena.shelf().slotFor(state(9), 7, meta(9))).isSameAs(first);
        assertThat(next()).isEqualTo(new AgentEvent.CopyDropped(state(5), new SlotRef(FILE, 0)));
    }

    @Test
    void aBrokenTransferLeavesItsSlotFree() {
        Slot slot = arena.shelf().slotFor(state(5), 0, meta(5));
        assertThat(slot).isNotNull();
        if (slot != null) {
            arena.shelf().damaged(state(5), slot, "reset");
        }
        assertThat(arena.shelf().committed(state(5))).isNull();
        assertThat(arena.shelf().slotFor(state(6), 0, meta(6))).isSameAs(slot);
    }

    @Test
    void nothingComesInWhileAViewIsPrepared() {
        arena.shelf().fence();
        assertThat(arena.shelf().slotFor(state(5), 0, meta(5))).isNull();
        arena.admitCopies(2);
        assertThat(arena.shelf().slotFor(state(5), 0, meta(5))).isNotNull();
    }

    @Test
    void shardsOfOthersAreRefused() {
        assertThat(arena.shelf().slotFor(new StateName("job-1", 1, 5, 0), 0, meta(5))).isNull();
        arena.releaseCopies(1, FILE, false);
        assertThat(arena.shelf().slotFor(state(5), 0, meta(5))).isNull();
    }

    @Test
    void aDroppedCopyFreesItsSlot() throws InterruptedException {
        Slot slot = arrive(5, 5);
        arena.dropCopy(state(5), new SlotRef(FILE, 0));
        assertThat(slot.state()).isEqualTo(Slot.State.EMPTY);
        assertThat(arena.shelf().committed(state(5))).isNull();
    }

    @Test
    void aFileBeyondTheBudgetIsRefusedWithTheSum() throws InterruptedException {
        arena.create("region-1-0", new ArenaShape(0, 0, 0, 0, 3, 1 << 20, 4));
        assertThat(next())
                .isInstanceOfSatisfying(
                        AgentEvent.FileFailed.class,
                        failed -> assertThat(failed.reason()).contains("budget of 1048576"));
        assertThat(folder.resolve("region-1-0")).doesNotExist();
    }

    @Test
    void aDeadWorkersRegionTellsWhatItHolds() throws InterruptedException {
        arrive(5, 5);
        arena.inspect(FILE);
        assertThat(next())
                .isInstanceOfSatisfying(
                        AgentEvent.FileInspected.class,
                        inspected ->
                                assertThat(inspected.committed())
                                        .singleElement()
                                        .satisfies(found ->
                                                assertThat(found.held().state())
                                                        .isEqualTo(state(5))));
    }
}
