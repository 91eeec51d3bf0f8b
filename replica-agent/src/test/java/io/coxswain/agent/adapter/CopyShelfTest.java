package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.CopyTerms;
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

    private static final long EPOCH = 2;

    private final BlockingQueue<AgentEvent> events = new LinkedBlockingQueue<>();
    private ArenaStore arena = new ArenaStore(Path.of("."), 0, events::add);

    @BeforeEach
    void makeAFileOfCopies() throws InterruptedException {
        arena = new ArenaStore(folder, 1 << 20, events::add);
        arena.create(FILE, new ArenaShape(0, 0, 0, 0, 3, BYTES, 4));
        assertThat(next()).isEqualTo(new AgentEvent.FileReady(FILE));
        arena.holdCopies("job-1", 1, FILE);
        arena.admitCopies(EPOCH);
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

    private static CopyTerms terms(long floor, Long... needed) {
        return new CopyTerms(EPOCH, floor, List.of(needed), 1);
    }

    /** A copy arrives whole. */
    private Slot arrive(long step, long floor) throws InterruptedException {
        Slot slot = arena.shelf().slotFor(state(step), terms(floor), meta(step));
        if (slot == null) {
            throw new AssertionError("copy of step " + step + " refused");
        }
        SlotWriter writer = slot.write(meta(step));
        writer.checksum();
        Digest digest = Digest.of(writer.commit());
        assertThat(arena.shelf().received(state(step), slot, digest, 1)).isTrue();
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
        assertThat(arena.shelf().slotFor(state(8), terms(6, 6L, 7L, 8L), meta(8))).isSameAs(first);
        assertThat(next()).isEqualTo(new AgentEvent.CopyDropped(state(5), new SlotRef(FILE, 0)));
    }

    @Test
    void whatItsOwnerDoesNotNeedMakesRoom() throws InterruptedException {
        arrive(5, 5);
        Slot between = arrive(6, 5);
        arrive(7, 5);
        assertThat(arena.shelf().slotFor(state(8), terms(5, 5L, 7L, 8L), meta(8)))
                .isSameAs(between);
        assertThat(next()).isEqualTo(new AgentEvent.CopyDropped(state(6), new SlotRef(FILE, 1)));
    }

    @Test
    void nothingThatItsOwnerNeedsMakesRoom() throws InterruptedException {
        arrive(5, 5);
        arrive(6, 5);
        arrive(7, 5);
        assertThat(arena.shelf().slotFor(state(8), terms(5, 5L, 6L, 7L, 8L), meta(8))).isNull();
        assertThat(arena.shelf().committed(state(6))).isNotNull();
    }

    @Test
    void aSleeperOfAFormerViewIsRefused() {
        arena.admitCopies(EPOCH + 1);
        assertThat(arena.shelf().slotFor(state(5), terms(0), meta(5))).isNull();
    }

    @Test
    void aCopyThatAFenceOvertookIsNotKept() {
        Slot slot = arena.shelf().slotFor(state(5), terms(0), meta(5));
        assertThat(slot).isNotNull();
        if (slot != null) {
            SlotWriter writer = slot.write(meta(5));
            writer.checksum();
            Digest digest = Digest.of(writer.commit());
            arena.shelf().fence();
            assertThat(arena.shelf().received(state(5), slot, digest, 1)).isFalse();
            assertThat(slot.state()).isEqualTo(Slot.State.EMPTY);
        }
        assertThat(arena.shelf().committed(state(5))).isNull();
    }

    @Test
    void aBrokenTransferLeavesItsSlotFree() {
        Slot slot = arena.shelf().slotFor(state(5), terms(0), meta(5));
        assertThat(slot).isNotNull();
        if (slot != null) {
            arena.shelf().damaged(state(5), slot, "reset");
        }
        assertThat(arena.shelf().committed(state(5))).isNull();
        assertThat(arena.shelf().slotFor(state(6), terms(0), meta(6))).isSameAs(slot);
    }

    @Test
    void nothingComesInWhileAViewIsPrepared() {
        arena.shelf().fence();
        assertThat(arena.shelf().slotFor(state(5), terms(0), meta(5))).isNull();
        arena.admitCopies(EPOCH);
        assertThat(arena.shelf().slotFor(state(5), terms(0), meta(5))).isNotNull();
    }

    @Test
    void shardsOfOthersAreRefused() {
        assertThat(arena.shelf().slotFor(new StateName("job-1", 1, 5, 0), terms(0), meta(5)))
                .isNull();
        arena.releaseCopies(1, FILE, false);
        assertThat(arena.shelf().slotFor(state(5), terms(0), meta(5))).isNull();
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
