package io.coxswain.coordinator.adapter.http.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.app.EventLog;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.picture.Blocked;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.web.EventBytes;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class PageTellerTest {
    private static final long MILLI = 1_000_000;

    private final EventLog events = new EventLog(500, () -> 5_000);
    private Picture picture = Pictures.picture(1, Pictures.job("j", 4), List.of());
    private long now = -5_000 * MILLI;

    private final PageTeller teller =
            new PageTeller(
                    new PageSource() {
                        @Override
                        public Picture picture() {
                            return picture;
                        }

                        @Override
                        public long nextSequence() {
                            return events.lastSequence() + 1;
                        }

                        @Override
                        public List<SequencedEvent> events(long fromSequence) {
                            return events.read(fromSequence);
                        }
                    },
                    "o");

    private @Nullable EventBytes after(long millis) {
        now += millis * MILLI;
        return teller.next(() -> now);
    }

    private void shows(long sequence, long step) {
        picture = Pictures.picture(sequence, Pictures.job("j", step), List.of());
    }

    private void happens(CoordinatorEvent event) {
        events.publish(event, 0, 3, "j", 1, 4);
    }

    private void steps(long step) {
        happens(new CoordinatorEvent.StepsCompleted("j", 1, step, step, 0, 1, 1));
    }

    @Test
    void aMessageASecondWhileNothingIsWrong() {
        assertThat(after(0)).as("the first is for pages that know nothing: whole").isNull();
        assertThat(teller.version()).isEqualTo(1);
        shows(2, 5);
        assertThat(after(250)).isNull();
        assertThat(after(500)).isNull();
        assertThat(after(250)).isNotNull();
        assertThat(teller.version()).isEqualTo(2);
        assertThat(after(1_000)).as("nothing is new").isNull();
        assertThat(after(1_000)).as("the line is alive").isNotNull();
        assertThat(teller.version()).isEqualTo(2);
    }

    @Test
    void whatIsWrongIsToldAtOnce() {
        after(0);
        Picture calm = picture;
        shows(2, 5);
        picture =
                new Picture(
                        2,
                        calm.atMillis(),
                        calm.coordinator(),
                        calm.standing(),
                        calm.term(),
                        new Blocked(false, "recovering", 1, List.of(), ""),
                        calm.job(),
                        calm.queued(),
                        calm.agents(),
                        calm.cellMillis(),
                        0,
                        "",
                        "");
        assertThat(teller.wakeNanos() - now).isEqualTo(PageTeller.PEEK_NANOS);
        assertThat(after(250)).isNotNull();
        Picture wrong = picture;
        shows(3, 6);
        picture =
                new Picture(
                        3,
                        wrong.atMillis(),
                        wrong.coordinator(),
                        wrong.standing(),
                        wrong.term(),
                        wrong.blocked(),
                        picture.job(),
                        wrong.queued(),
                        wrong.agents(),
                        wrong.cellMillis(),
                        0,
                        "",
                        "");
        assertThat(after(250)).isNull();
        assertThat(after(250)).as("twice a second while it lasts").isNotNull();
    }

    @Test
    void makingMessagesTakesAFiftiethOfAProcessor() {
        now = 0;
        long[] clock = {0};
        teller.next(() -> clock[0] += 30 * MILLI);
        assertThat(teller.wakeNanos()).isEqualTo(clock[0] + PageTeller.PEEK_NANOS);
        shows(2, 5);
        now = clock[0];
        assertThat(after(1_499)).isNull();
        assertThat(after(1)).isNotNull();
        clock[0] = now + 1_000 * MILLI;
        shows(3, 6);
        teller.next(() -> clock[0] += 900 * MILLI);
        now = clock[0];
        shows(4, 7);
        assertThat(after(1_999)).isNull();
        assertThat(after(1)).as("however busy the machine").isNotNull();
    }

    @Test
    void ofStepsThatFollowEachOtherTheLastIsTold() {
        after(0);
        steps(1);
        steps(2);
        happens(new CoordinatorEvent.JobQueued("k", 1));
        steps(3);
        steps(4);
        var told = new ArrayList<Long>();
        EventTail.of(events.read(0), 100).forEach(event -> told.add(event.sequence()));
        assertThat(told).containsExactly(2L, 3L, 5L);
        assertThat(EventTail.of(events.read(0), 2))
                .extracting(SequencedEvent::sequence)
                .containsExactly(3L, 5L);
        assertThat(after(1_000)).isNotNull();
        assertThat(teller.nextEvent()).isEqualTo(6);
    }

    @Test
    void whoComesBackIsToldFromWhereItWas() {
        for (int i = 1; i <= 10; i++) {
            happens(new CoordinatorEvent.JobQueued("k", i));
        }
        after(0);
        assertThat(teller.after("o-4")).isEqualTo(5);
        assertThat(teller.after("o-10")).isEqualTo(11);
        assertThat(teller.after("o-11")).as("not of this coordinator").isZero();
        assertThat(teller.after("o--1")).isZero();
        assertThat(teller.after("o-" + Long.MAX_VALUE)).isZero();
        assertThat(teller.after("o-x")).isZero();
        assertThat(teller.after("p-4")).isZero();
        assertThat(teller.after(null)).isZero();
        assertThat(teller.whole(11).size()).isLessThan(teller.whole(5).size());
        assertThat(teller.whole(5).size()).isLessThan(teller.whole(0).size());
    }
}
