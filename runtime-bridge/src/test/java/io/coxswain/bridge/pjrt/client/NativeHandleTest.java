package io.coxswain.bridge.pjrt.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

class NativeHandleTest {
    private final AtomicInteger destroyed = new AtomicInteger();
    private final NativeHandle handle =
            new NativeHandle(MemorySegment.ofAddress(64), destroyed::incrementAndGet);

    @Test
    void aClosedHandleIsDestroyedOnce() {
        handle.close();
        handle.close();
        assertThat(destroyed).hasValue(1);
        assertThat(handle.acquire()).isFalse();
        assertThat(handle.claim()).isFalse();
    }

    @Test
    void theLastCallDestroysWhatWasClosedMeanwhile() {
        assertThat(handle.acquire()).isTrue();
        assertThat(handle.acquire()).isTrue();
        handle.close();
        assertThat(handle.acquire()).isFalse();
        handle.release();
        assertThat(destroyed).hasValue(0);
        handle.release();
        assertThat(destroyed).hasValue(1);
    }

    @Test
    void somethingMadeByACallKeepsAClosedHandle() {
        assertThat(handle.acquire()).isTrue();
        handle.close();
        handle.retain();
        handle.release();
        assertThat(destroyed).hasValue(0);
        handle.release();
        assertThat(destroyed).hasValue(1);
    }

    @Test
    void aClaimIsExclusive() {
        assertThat(handle.acquire()).isTrue();
        assertThat(handle.claim()).isFalse();
        handle.release();
        assertThat(handle.claim()).isTrue();
        assertThat(handle.acquire()).isFalse();
        assertThat(handle.claim()).isFalse();
        handle.settle(false);
        assertThat(handle.acquire()).isTrue();
    }

    @Test
    void whatWasConsumedIsDestroyed() {
        assertThat(handle.claim()).isTrue();
        handle.settle(true);
        handle.close();
        assertThat(destroyed).hasValue(1);
    }

    @Test
    void whatWasClosedDuringAClaimIsDestroyedAtItsEnd() {
        for (boolean consumed : new boolean[] {true, false}) {
            destroyed.set(0);
            NativeHandle closed =
                    new NativeHandle(MemorySegment.ofAddress(64), destroyed::incrementAndGet);
            assertThat(closed.claim()).isTrue();
            closed.close();
            assertThat(destroyed).hasValue(0);
            closed.settle(consumed);
            assertThat(destroyed).hasValue(1);
        }
    }

    @Test
    void nobodyUsesADestroyedHandle() throws Exception {
        for (int round = 0; round < 200; round++) {
            AtomicInteger inUse = new AtomicInteger();
            AtomicInteger wrong = new AtomicInteger();
            AtomicInteger ends = new AtomicInteger();
            NativeHandle shared =
                    new NativeHandle(
                            MemorySegment.ofAddress(64),
                            () -> {
                                ends.incrementAndGet();
                                if (inUse.get() != 0) {
                                    wrong.incrementAndGet();
                                }
                            });
            CountDownLatch begin = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                boolean claims = i == 0;
                threads.add(Thread.ofPlatform().start(() -> use(shared, begin, claims, inUse)));
            }
            begin.countDown();
            shared.close();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(ends).hasValue(1);
            assertThat(wrong).hasValue(0);
        }
    }

    private static void use(
            NativeHandle handle, CountDownLatch begin, boolean claims, AtomicInteger inUse) {
        try {
            begin.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        for (int n = 0; n < 100; n++) {
            if (claims && handle.claim()) {
                inUse.incrementAndGet();
                inUse.decrementAndGet();
                handle.settle(false);
            } else if (!claims && handle.acquire()) {
                inUse.incrementAndGet();
                inUse.decrementAndGet();
                handle.release();
            }
        }
    }
}
