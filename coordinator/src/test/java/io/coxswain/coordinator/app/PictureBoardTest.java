package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.TraceLookup;
import io.coxswain.coordinator.picture.Blocked;
import io.coxswain.coordinator.picture.Picture;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

@Timeout(30)
class PictureBoardTest {
    private static Picture picture(long sequence) {
        return new Picture(
                sequence,
                0,
                "c1",
                "leading",
                1,
                new Blocked(true, "", 0, List.of(), ""),
                null,
                List.of(),
                List.of(),
                1_000,
                0,
                "c1",
                "");
    }

    @Test
    void whoIsSlowSeesTheNewestOnly() throws InterruptedException {
        try (var board = new PictureBoard("c1", () -> 5, TraceLookup.NONE)) {
            assertThat(board.picture().sequence()).isZero();
            board.publish(picture(1));
            var seen = new LinkedBlockingQueue<Long>();
            var entered = new CountDownLatch(1);
            var go = new CountDownLatch(1);
            try (Subscription watch =
                    board.watch(picture -> {
                        seen.add(picture.sequence());
                        entered.countDown();
                        try {
                            go.await();
                        } catch (InterruptedException stop) {
                            Thread.currentThread().interrupt();
                        }
                    })) {
                entered.await();
                board.publish(picture(2));
                board.publish(picture(3));
                board.publish(picture(4));
                go.countDown();

                assertThat(seen.take()).isEqualTo(1);
                assertThat(seen.take()).isEqualTo(4);
                assertThat(watch.nextSequence()).isEqualTo(5);
            }
            assertThat(board.picture().sequence()).isEqualTo(4);
        }
    }

    @Test
    void aWatcherThatThrowsGoesOn() throws InterruptedException {
        try (var board = new PictureBoard("c1", () -> 5, TraceLookup.NONE)) {
            var seen = new LinkedBlockingQueue<Long>();
            Subscription watch =
                    board.watch(picture -> {
                        seen.add(picture.sequence());
                        throw new IllegalStateException("planted");
                    });
            assertThat(seen.take()).isZero();
            board.publish(picture(1));
            assertThat(seen.take()).isEqualTo(1);
            watch.close();
            watch.awaitEnd();
            board.publish(picture(2));
            assertThat(seen).isEmpty();
        }
    }

    @Test
    void closingEndsEveryWatch() throws InterruptedException {
        var board = new PictureBoard("c1", () -> 5, TraceLookup.NONE);
        var blocked = new CountDownLatch(1);
        Subscription idle = board.watch(_ -> {});
        Subscription stuck =
                board.watch(_ -> {
                    try {
                        blocked.await();
                    } catch (InterruptedException stop) {
                        Thread.currentThread().interrupt();
                    }
                });
        board.close();
        idle.awaitEnd();
        stuck.awaitEnd();
        board.publish(picture(9));
        assertThat(board.picture().sequence()).isZero();
    }
}
