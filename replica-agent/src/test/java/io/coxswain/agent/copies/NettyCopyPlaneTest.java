package io.coxswain.agent.copies;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.agent.core.model.AgentKey;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.Endpoint;
import io.coxswain.agent.core.model.Peer;
import io.coxswain.agent.core.model.StateName;
import io.coxswain.agent.transfer.DataPlaneSettings;
import io.coxswain.bridge.arena.Slot;
import io.coxswain.bridge.arena.Verification;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

class NettyCopyPlaneTest {
    private static final long BYTES = 10_000_000;

    @TempDir Path folder;

    @Test
    void aPushIsVerifiedAndCommitted() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 3)) {
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            pair.source.copies.push(pair.push(CopyPair.state(8), slot, false));
            assertThat(pair.source.next())
                    .isEqualTo(new CopyPair.Told("pushed", CopyPair.state(8), true, "", 0));
            CopyPair.Told received = pair.holder.nextHeld();
            assertThat(received.what()).isEqualTo("received");
            assertThat(received.number()).isEqualTo(5);
            assertSame(slot, CopyPair.held(pair.holder, CopyPair.state(8)));
        }
    }

    @Test
    void aTableOfManyLeavesTravels() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 1500)) {
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(1), BYTES / 2);
            pair.source.copies.push(pair.push(CopyPair.state(1), slot, false));
            assertThat(pair.source.next().good()).isTrue();
            assertSame(slot, CopyPair.held(pair.holder, CopyPair.state(1)));
        }
    }

    @Test
    void aByteFlippedAfterTheSnapshotIsNeverCommitted() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 3)) {
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            long at = 5_000_001;
            byte[] one = new byte[1];
            slot.data().read(at, one, 0, 1);
            one[0] ^= 4;
            slot.data().write(at, one, 0, 1);
            pair.source.copies.push(pair.push(CopyPair.state(8), slot, false));
            CopyPair.Told told = pair.source.next();
            assertThat(told.good()).isFalse();
            assertThat(told.reason()).contains("CRC-32C");
            // Two attempts.
            assertThat(pair.holder.nextHeld().what()).isEqualTo("damaged");
            assertThat(pair.holder.nextHeld().what()).isEqualTo("damaged");
            assertThat(pair.holder.readable).isEmpty();
            for (int i = 0; i < 4; i++) {
                assertThat(pair.holder.arena.slot(i).state()).isEqualTo(Slot.State.EMPTY);
            }
        }
    }

    @Test
    void aRefusalIsFinal() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 1)) {
            AtomicInteger asked = new AtomicInteger();
            pair.holder.onSlotFor = asked::incrementAndGet;
            pair.holder.refuses = true;
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            pair.source.copies.push(pair.push(CopyPair.state(8), slot, false));
            CopyPair.Told told = pair.source.next();
            assertThat(told.good()).isFalse();
            assertThat(told.reason()).startsWith("refused: ");
            assertThat(asked).hasValue(1);
        }
    }

    @Test
    void aSlotThatIsNotTheStateIsNotPushed() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 1)) {
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            pair.source.copies.push(pair.push(CopyPair.state(9), slot, false));
            assertThat(pair.source.next().reason()).contains("step 8").contains("step 9");
            pair.source.copies.push(pair.push(CopyPair.state(9), pair.source.arena.slot(1), false));
            assertThat(pair.source.next().reason()).contains("not committed");
        }
    }

    @Test
    void aFetchIsVerifiedAndCommitted() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 2)) {
            Slot slot = pair.snapshot(pair.holder, 0, CopyPair.state(4), BYTES);
            Slot destination = pair.source.arena.slot(2);
            Digest digest = Digest.of(slot.table().digest());
            pair.source.copies.fetch(
                    new FetchRequest(CopyPair.state(4), digest, pair.holder.peer(), destination));
            CopyPair.Told told = pair.source.next();
            assertThat(told.reason()).isEmpty();
            assertThat(told.good()).isTrue();
            assertThat(told.number()).isGreaterThan(BYTES - 1000);
            assertSame(slot, destination);
        }
    }

    @Test
    void aFetchOfWhatTheDonorLacksIsRefused() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 2)) {
            Slot slot = pair.snapshot(pair.holder, 0, CopyPair.state(4), BYTES);
            Slot destination = pair.source.arena.slot(2);
            pair.source.copies.fetch(
                    new FetchRequest(
                            CopyPair.state(5), Digest.NONE, pair.holder.peer(), destination));
            assertThat(pair.source.next().reason()).contains("refused: ").contains("step 5");
            byte[] other = slot.table().digest();
            other[3] ^= 1;
            pair.source.copies.fetch(
                    new FetchRequest(
                            CopyPair.state(4), Digest.of(other), pair.holder.peer(), destination));
            assertThat(pair.source.next().reason()).contains("digest");
            assertThat(destination.state()).isEqualTo(Slot.State.EMPTY);
        }
    }

    @Test
    void aDamagedDonorIsFoundOut() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 2)) {
            Slot slot = pair.snapshot(pair.holder, 0, CopyPair.state(4), BYTES);
            slot.data().write(77, new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, 0, 8);
            Slot destination = pair.source.arena.slot(2);
            pair.source.copies.fetch(
                    new FetchRequest(
                            CopyPair.state(4), Digest.NONE, pair.holder.peer(), destination));
            CopyPair.Told told = pair.source.next();
            assertThat(told.good()).isFalse();
            assertThat(told.reason()).contains("CRC-32C");
            assertThat(destination.state()).isEqualTo(Slot.State.EMPTY);
        }
    }

    @Test
    void aLostConnectionIsTriedOnceMore() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 3)) {
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            AtomicInteger asked = new AtomicInteger();
            // The first attempt is cut when the holder has just made room.
            pair.holder.onSlotFor =
                    () -> {
                        if (asked.incrementAndGet() == 1) {
                            pair.source.cutConnections();
                        }
                    };
            pair.source.copies.push(pair.push(CopyPair.state(8), slot, false));
            assertThat(pair.source.next().good()).isTrue();
            assertThat(asked).hasValue(2);
            // Each attempt has a slot of its own, whichever the holder looks at first; and the one
            // that was cut may have been under way as a whole by then.
            assertThat(List.of(pair.holder.nextHeld().what(), pair.holder.nextHeld().what()))
                    .contains("received")
                    .isSubsetOf("damaged", "received");
        }
    }

    @Test
    void aConnectionLostTwiceFailsThePush() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 3)) {
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            pair.holder.onSlotFor = pair.source::cutConnections;
            pair.source.copies.push(pair.push(CopyPair.state(8), slot, false));
            CopyPair.Told told = pair.source.next();
            assertThat(told.good()).isFalse();
            assertThat(told.reason()).contains("cut by the test");
        }
    }

    @Test
    void aHolderThatIsGoneFailsThePushSoon() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 1)) {
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            Endpoint nobody = pair.holder.peer().endpoint();
            pair.holder.plane.close();
            PushRequest request =
                    new PushRequest(
                            CopyPair.state(8),
                            slot,
                            new Peer(new AgentKey("gone", "00"), nobody),
                            CopyPair.TERMS,
                            false);
            pair.source.copies.push(request);
            assertThat(pair.source.next().reason()).contains("cannot reach gone/00");
        }
    }

    @Test
    void anotherIncarnationGetsNothing() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 1)) {
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            Peer former =
                    new Peer(
                            new AgentKey(pair.holder.plane.self().id(), "ffff"),
                            pair.holder.peer().endpoint());
            pair.source.copies.push(
                    new PushRequest(CopyPair.state(8), slot, former, CopyPair.TERMS, false));
            assertThat(pair.source.next().reason()).contains("refused: this is agent-");
            assertThat(pair.holder.held).isEmpty();
        }
    }

    @Test
    void theNewestWaitingPushGoesFirstAndOnlyDroppableOnesAreDropped() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 1)) {
            for (int step = 1; step <= 4; step++) {
                pair.snapshot(pair.source, step - 1, CopyPair.state(step), BYTES);
            }
            CountDownLatch begun = new CountDownLatch(1);
            CountDownLatch queued = new CountDownLatch(1);
            pair.holder.onSlotFor =
                    () -> {
                        begun.countDown();
                        awaitUninterruptibly(queued);
                    };
            for (int step = 1; step <= 4; step++) {
                StateName state = CopyPair.state(step);
                Slot slot = CopyPair.held(pair.source, state);
                pair.source.copies.push(pair.push(state, slot, step == 2));
                // The others wait for their turn while the first one is under way.
                assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(pair.source.next())
                    .satisfies(told -> {
                        assertThat(told.state().step()).isEqualTo(2);
                        assertThat(told.reason()).contains("superseded by step 3");
                    });
            CountDownLatch all = new CountDownLatch(1);
            // What was pushed before this has been queued when this has run.
            pair.source.plane.copies().execute(all::countDown);
            assertThat(all.await(20, TimeUnit.SECONDS)).isTrue();
            queued.countDown();
            assertThat(pair.source.next().state().step()).isEqualTo(1);
            assertThat(pair.source.next().state().step()).isEqualTo(4);
            assertThat(pair.source.next().state().step()).isEqualTo(3);
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aPushHoldsBackForGradientsButArrives() throws Exception {
        try (CopyPair pair = new CopyPair(folder, BYTES, 1)) {
            pair.source.busy = true;
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            long before = System.nanoTime();
            pair.source.copies.push(pair.push(CopyPair.state(8), slot, false));
            assertThat(pair.source.next().good()).isTrue();
            assertThat(System.nanoTime() - before).isGreaterThan((BYTES >> 20) * Pace.YIELD_NANOS);
        }
    }

    @Test
    void cancelledSlotsAreFreeSoon() throws Exception {
        DataPlaneSettings base = DataPlaneSettings.loopback();
        DataPlaneSettings slow =
                new DataPlaneSettings(
                        base.bindHost(),
                        0,
                        base.advertisedHost(),
                        0,
                        0,
                        4_000_000,
                        0,
                        base.stallNanos());
        try (CopyPair pair = new CopyPair(folder, BYTES, 1, slow)) {
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            Slot kept = pair.snapshot(pair.source, 1, CopyPair.state(9), 100_000);
            pair.source.copies.push(pair.push(CopyPair.state(8), slot, false));
            pair.source
                    .copies
                    .cancel(candidate -> candidate == slot, "the job has ended")
                    .toCompletableFuture()
                    .get(5, TimeUnit.SECONDS);
            assertThat(pair.source.next())
                    .isEqualTo(
                            new CopyPair.Told(
                                    "pushed", CopyPair.state(8), false, "the job has ended", 0));
            pair.source.copies.push(pair.push(CopyPair.state(9), kept, false));
            assertThat(pair.source.next().good()).isTrue();
        }
    }

    @Test
    void aForgottenPeerFailsItsRequests() throws Exception {
        DataPlaneSettings base = DataPlaneSettings.loopback();
        DataPlaneSettings slow =
                new DataPlaneSettings(
                        base.bindHost(),
                        0,
                        base.advertisedHost(),
                        0,
                        0,
                        4_000_000,
                        0,
                        base.stallNanos());
        try (CopyPair pair = new CopyPair(folder, BYTES, 1, slow)) {
            Slot slot = pair.snapshot(pair.source, 0, CopyPair.state(8), BYTES);
            pair.source.copies.push(pair.push(CopyPair.state(8), slot, false));
            pair.source.copies.forget(pair.holder.plane.self(), "declared lost");
            assertThat(pair.source.next().reason()).isEqualTo("declared lost");
        }
    }

    private static void assertSame(Slot expected, Slot actual) {
        assertThat(actual.state()).isEqualTo(Slot.State.COMMITTED);
        assertThat(actual.verify()).isInstanceOf(Verification.Intact.class);
        assertThat(actual.table().digest()).isEqualTo(expected.table().digest());
        assertThat(actual.table().meta()).isEqualTo(expected.table().meta());
    }
}
