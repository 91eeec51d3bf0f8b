package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

class EventLogTest {
    private final EventLog log = new EventLog(4, () -> 42);
    private final List<SequencedEvent> heard = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        log.close();
    }

    private void publish(int events) {
        for (int i = 0; i < events; i++) {
            log.publish(
                    new CoordinatorEvent.JobWaiting("j", "for " + (log.lastSequence() + 1)),
                    7,
                    1,
                    "j",
                    2,
                    3);
        }
    }

    private void hearAll(Subscription subscription) throws InterruptedException {
        log.close();
        subscription.awaitEnd();
    }

    private List<Long> sequences() {
        return heard.stream().map(SequencedEvent::sequence).toList();
    }

    @Test
    void aListenerGetsWhatIsKeptAndWhatComes() throws Exception {
        publish(2);
        var third = new CountDownLatch(3);
        Subscription subscription =
                log.listen(
                        0,
                        event -> {
                            heard.add(event);
                            third.countDown();
                        });
        publish(1);
        third.await();

        assertThat(sequences()).containsExactly(1L, 2L, 3L);
        assertThat(heard.getFirst())
                .isEqualTo(
                        new SequencedEvent(
                                1,
                                7,
                                42,
                                1,
                                "j",
                                2,
                                3,
                                new CoordinatorEvent.JobWaiting("j", "for 1")));
        subscription.close();
        subscription.awaitEnd();
        assertThat(subscription.nextSequence()).isEqualTo(4);
    }

    @Test
    void aListenerResumesWhereItLeft() throws Exception {
        publish(3);

        hearAll(log.listen(3, heard::add));

        assertThat(sequences()).containsExactly(3L);
    }

    @Test
    void aListenerThatAsksTooLateIsToldOfTheGap() throws Exception {
        publish(10);

        hearAll(log.listen(2, heard::add));

        assertThat(heard.getFirst().event()).isEqualTo(new CoordinatorEvent.Gap(2, 6));
        assertThat(sequences()).containsExactly(6L, 7L, 8L, 9L, 10L);
    }

    @Test
    void aSlowListenerIsToldOfTheGapAndHoldsNobodyUp() throws Exception {
        var entered = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        Subscription slow =
                log.listen(
                        0,
                        event -> {
                            heard.add(event);
                            entered.countDown();
                            go.await();
                        });
        publish(1);
        entered.await();
        publish(9);
        go.countDown();

        hearAll(slow);

        assertThat(heard.get(1).event()).isEqualTo(new CoordinatorEvent.Gap(2, 6));
        assertThat(sequences()).containsExactly(1L, 6L, 7L, 8L, 9L, 10L);
    }

    @Test
    void aThrowingListenerGetsTheNextEventAndOthersAreUnharmed() throws Exception {
        publish(2);
        Subscription bad =
                log.listen(
                        0,
                        event -> {
                            heard.add(event);
                            throw new IllegalStateException("on purpose");
                        });
        var others = new CopyOnWriteArrayList<SequencedEvent>();
        Subscription good = log.listen(0, others::add);

        hearAll(bad);
        good.awaitEnd();

        assertThat(sequences()).containsExactly(1L, 2L);
        assertThat(others).hasSize(2);
    }

    @Test
    void aListenerThatBlocksForEverDoesNotKeepTheLogFromClosing() throws Exception {
        var entered = new CountDownLatch(1);
        Subscription stuck =
                log.listen(
                        0,
                        _ -> {
                            entered.countDown();
                            new CountDownLatch(1).await();
                        });
        publish(1);
        entered.await();

        log.close();

        stuck.awaitEnd();
    }

    @Test
    void aSubscriptionMayBeClosedByItsListener() throws Exception {
        var self = new java.util.concurrent.CompletableFuture<Subscription>();
        Subscription subscription =
                log.listen(
                        0,
                        event -> {
                            heard.add(event);
                            self.get().close();
                        });
        self.complete(subscription);
        publish(3);

        subscription.awaitEnd();

        assertThat(sequences()).containsExactly(1L);
    }

    @Test
    void aNegativeSequenceIsRefused() {
        assertThatThrownBy(() -> log.listen(-1, heard::add))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
