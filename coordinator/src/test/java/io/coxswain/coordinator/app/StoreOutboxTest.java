package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** In which order records are written, and which are given up. */
final class StoreOutboxTest {
    private static final long RETRY = 1_000;

    private final List<String> done = new ArrayList<>();
    private final ArrayDeque<CoordinatorInput.StoreAnswered> answers = new ArrayDeque<>();
    private final FakeStore store =
            new FakeStore(
                    new Inputs() {
                        @Override
                        public void offer(CoordinatorInput input) {
                            answers.add((CoordinatorInput.StoreAnswered) input);
                        }

                        @Override
                        public void put(CoordinatorInput input) {
                            offer(input);
                        }
                    });
    private final StoreOutbox outbox = new StoreOutbox(store, RETRY);

    private void put(StoreRecord record) {
        outbox.put(record, () -> done.add(record.kind().name()));
    }

    private void hear(long nowNanos) {
        while (!answers.isEmpty()) {
            var answer = answers.remove();
            assertThat(outbox.answered(answer.writeId(), answer.outcome(), nowNanos)).isTrue();
        }
    }

    private static StoreRecord.Pause pause(boolean paused, long until) {
        return new StoreRecord.Pause("job-1", paused, "", until);
    }

    private static StoreRecord.Result result() {
        return new StoreRecord.Result("job-1", false, "cancelled", "{}");
    }

    @Test
    void whatAnEndedJobWasToDoIsNotWrittenAfterItsResult() {
        store.script.add(FakeStore.Fate.LOST_UNKNOWN);
        put(pause(true, 0));
        hear(0);
        put(result());
        hear(0);
        outbox.advance(RETRY);
        hear(RETRY);
        assertThat(store.written).containsExactly(result());
        assertThat(done).containsExactly("RESULT");
        assertThat(outbox.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void whatIsOnItsWayThenIsNotRepeated() {
        store.script.add(FakeStore.Fate.LOST_UNKNOWN);
        put(pause(true, 0));
        put(pause(false, 5));
        put(result());
        hear(0);
        outbox.advance(RETRY);
        hear(RETRY);
        assertThat(store.written).containsExactly(result());
        assertThat(done).containsExactly("RESULT");
    }

    @Test
    void whatIsOnItsWayThenAndLandsIsHeardOf() {
        put(pause(true, 0));
        put(result());
        hear(0);
        assertThat(store.written).containsExactly(pause(true, 0), result());
        assertThat(done).containsExactlyInAnyOrder("PAUSE", "RESULT");
    }

    @Test
    void anotherJobsPlansStay() {
        store.script.add(FakeStore.Fate.LOST_UNKNOWN);
        var other = new StoreRecord.Pause("job-2", true, "", 0);
        put(other);
        hear(0);
        put(result());
        hear(0);
        outbox.advance(RETRY);
        hear(RETRY);
        assertThat(store.written).containsExactly(result(), other);
    }

    @Test
    void ofManyWishesOnlyTheNewestWaits() {
        put(pause(true, 0));
        for (int i = 1; i <= 100; i++) {
            put(pause(i % 2 == 0, i));
        }
        hear(0);
        assertThat(store.written).containsExactly(pause(true, 0), pause(true, 100));
    }
}
