package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.picture.AgentPicture;
import io.coxswain.coordinator.picture.IncidentPicture;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.coordinator.picture.Window;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What pictures show of a coordinator under a clock that the test moves. */
class PicturesTest {
    private static final class Album implements PicturePort {
        final List<Picture> pictures = new ArrayList<>();
        long wallMillis = 1_700_000_000_000L;

        @Override
        public long wallMillis() {
            return wallMillis;
        }

        @Override
        public void publish(Picture picture) {
            pictures.add(picture);
        }

        Picture newest() {
            return pictures.getLast();
        }

        JobPicture job() {
            return Objects.requireNonNull(newest().job());
        }
    }

    private final Album album = new Album();
    private final Bench bench = new Bench(album);

    private Bench training(long steps) {
        bench.core.advance(bench.now);
        bench.lead(3);
        bench.submit(Bench.spec("j", new Mesh(1, 1), steps), false);
        bench.attach(Bench.agent(0));
        return bench.drain();
    }

    // What the next leader finds of the only job.
    private StoredJob stored() {
        return new StoredJob(
                Objects.requireNonNull(bench.store.newest(StoreRecord.Spec.class)),
                bench.store.newest(StoreRecord.ViewRecord.class),
                bench.store.newest(StoreRecord.Account.class),
                null);
    }

    @Test
    void aStandbySaysSo() {
        bench.core.advance(bench.now);

        Picture picture = album.newest();
        assertThat(picture.standing()).isEqualTo("standby");
        assertThat(picture.term()).isZero();
        assertThat(picture.job()).isNull();
        assertThat(picture.blocked().what()).contains("does not lead");
        assertThat(picture.atMillis()).isEqualTo(album.wallMillis);
    }

    @Test
    void whoWaitsForAgentsSaysForHowMany() {
        bench.core.advance(bench.now);
        bench.lead(3);
        bench.submit(Bench.spec("j", new Mesh(2, 1), 100), false);
        bench.pass(1_500);

        Picture picture = album.newest();
        assertThat(picture.standing()).isEqualTo("leading");
        assertThat(picture.blocked().healthy()).isFalse();
        assertThat(picture.blocked().what()).startsWith("waiting: ").contains("needed");
        assertThat(album.job().phase()).isEqualTo("waiting");
        assertThat(album.job().elapsedNanos()).isGreaterThan(400 * Bench.MILLI);
    }

    @Test
    void whatSomebodyElseMustDoIsSaid() {
        bench.core.advance(bench.now);
        bench.lead(3);
        bench.submit(Bench.spec("j", new Mesh(2, 1), 100), false);
        bench.agents.heartbeats = false;
        long stream = bench.attach(Bench.agent(0));
        bench.drain();
        bench.give(
                new CoordinatorInput.AgentSaid(
                        stream,
                        0,
                        new AgentWord.Heartbeat(
                                1,
                                -1,
                                0,
                                "load",
                                0,
                                List.of(),
                                0,
                                0,
                                "1 of 2 processes: run it",
                                "")));
        bench.pass(500);

        Picture picture = album.newest();
        assertThat(picture.blocked().what())
                .startsWith("waiting: ")
                .endsWith("; agent-0 waits for 1 of 2 processes: run it");
        assertThat(picture.blocked().waitsOn()).containsExactly("agent-0");
        assertThat(picture.agents())
                .singleElement()
                .extracting(AgentPicture::detail)
                .isEqualTo("waits for 1 of 2 processes: run it");
    }

    @Test
    void aRunIsShownWithItsAccount() {
        training(100_000).pass(3_000);

        Picture picture = album.newest();
        JobPicture job = album.job();
        assertThat(picture.blocked().healthy()).isTrue();
        assertThat(picture.blocked().what()).matches("training: step [\\d,]+ of 100,000");
        assertThat(job.phase()).isEqualTo("active");
        assertThat(job.completedStep()).isGreaterThan(1_000);
        assertThat(job.counters().stepsCompleted()).isEqualTo(job.completedStep());
        assertThat(job.windows())
                .extracting(Window::name)
                .containsExactly("5m", "1h", "24h", "run");
        for (Window window : job.windows()) {
            BigInteger sum =
                    window.slotNanosByCategory().values().stream()
                            .reduce(BigInteger.ZERO, BigInteger::add);
            assertThat(sum).isEqualTo(window.slotNanos()).isEqualTo(window.nanos() * job.slots());
            assertThat(window.slotNanosByCategory()).containsOnlyKeys(Category.values());
        }
        assertThat(job.timeline().getFirst().fromMillis()).isEqualTo(job.startedMillis());
        assertThat(job.stepTimes().ranks()).hasSize(1);
        assertThat(job.curve()).isNotEmpty();
        assertThat(picture.agents())
                .singleElement()
                .satisfies(agent -> {
                    assertThat(agent.state()).isEqualTo("ranked");
                    assertThat(agent.rank()).isZero();
                    assertThat(agent.cells()).hasSize(120).endsWith("h");
                    assertThat(agent.arenaUsedBytes()).isEqualTo(4_000);
                });
        assertThat(job.copies().anySingleHostFatal()).isTrue();
        assertThat(job.copies().wanted()).isZero();
    }

    @Test
    void picturesComeFourTimesASecondAtMost() {
        training(1_000_000).pass(1_000);
        int before = album.pictures.size();
        bench.pass(10_000);

        assertThat(album.pictures.size() - before).isBetween(38, 42);
        List<Picture> some = album.pictures;
        for (int i = 1; i < some.size(); i++) {
            assertThat(some.get(i).sequence()).isEqualTo(some.get(i - 1).sequence() + 1);
        }
    }

    @Test
    void anIncidentIsSeenAtOnceAndHasItsCost() {
        training(1_000_000).pass(1_000);
        bench.agents.heartbeats = false;
        bench.agents.steps = false;
        while (bench.published(CoordinatorEvent.AgentLost.class).isEmpty()) {
            bench.pass(10);
        }
        bench.pass(60);

        JobPicture job = album.job();
        assertThat(album.newest().blocked().healthy()).isFalse();
        assertThat(job.incidents()).hasSize(1);
        assertThat(job.incidents().getFirst().closed()).isFalse();
        assertThat(job.incidents().getFirst().phase()).isNotEmpty();
        assertThat(job.incidents().getFirst().costSlotNanos()).isPositive();
        assertThat(album.newest().agents())
                .singleElement()
                .extracting(AgentPicture::state)
                .isEqualTo("lost");
        assertThat(album.newest().agents().getFirst().cells()).endsWith("l");

        bench.agents.heartbeats = true;
        bench.agents.steps = true;
        bench.attach(Bench.agent(0, 'b'));
        bench.pass(5_000);
        assertThat(album.newest().agents())
                .singleElement()
                .extracting(AgentPicture::incarnation)
                .isEqualTo("b".repeat(32));
    }

    @Test
    void whatInterruptedTheJobUnderAnotherLeaderIsShownWithItsCost() {
        training(1_000_000).pass(1_000);
        bench.give(new CoordinatorInput.Pause("j", "a look", _ -> {}));
        bench.pass(2_000);
        bench.give(new CoordinatorInput.Resume("j", _ -> {}));
        bench.pass(6_000);
        JobPicture before = album.job();
        assertThat(before.incidents()).singleElement().matches(IncidentPicture::closed);

        // And once more, while another one takes the lead.
        bench.give(new CoordinatorInput.Pause("j", "a look", _ -> {}));
        bench.pass(1_000);
        bench.give(new CoordinatorInput.LeadershipLost("another one leads"));
        bench.lead(4, stored());
        bench.attach(Bench.agent(0));
        bench.pass(8_000);

        JobPicture after = album.job();
        IncidentPicture same = after.incidents().getFirst();
        assertThat(same.id()).isEqualTo(1);
        assertThat(same.costSlotNanos())
                .isPositive()
                .isEqualTo(before.incidents().getFirst().costSlotNanos());
        assertThat(same.beganMillis())
                .isCloseTo(before.incidents().getFirst().beganMillis(), within(5_000L));
        assertThat(after.counters().incidents()).isEqualTo(after.incidents().size());
        // What was lost before it is no cost of what the new leader found.
        assertThat(after.incidents().getLast().costSlotNanos())
                .isEqualTo(BigInteger.valueOf(1_000 * Bench.MILLI));
    }

    @Test
    void aStallNamesWhomItWaitsFor() {
        training(1_000_000).pass(2_000);
        bench.agents.steps = false;
        bench.pass(2_000);

        assertThat(album.newest().blocked().healthy()).isFalse();
        assertThat(album.newest().blocked().what()).startsWith("no step for 1.");
    }

    @Test
    void theLastJobStaysUntilTheNextOne() {
        training(50).pass(2_000);

        JobPicture job = album.job();
        assertThat(job.phase()).isEqualTo("completed");
        assertThat(job.ended()).isTrue();
        assertThat(album.newest().blocked().healthy()).isTrue();
        assertThat(album.newest().blocked().what()).startsWith("completed");
        var report = bench.awaitResult("j").getFirst();
        assertThat(report.goodput().windows()).hasSize(4);
        assertThat(report.goodput().windows().getLast().categories())
                .isEqualTo(report.goodput().categories());
        Window whole = job.windows().getLast();
        assertThat(whole.slotNanos()).isEqualTo(report.goodput().totalSlotNanos());
        assertThat(whole.ratio()).isEqualTo(report.goodput().ratio());
        assertThat(report.goodput().figures()).isNotNull();
        assertThat(io.coxswain.coordinator.JobReport.fromJson(report.toJson())).isEqualTo(report);

        bench.submit(Bench.spec("k", new Mesh(1, 1), 1_000_000), false);
        bench.pass(2_000);
        assertThat(album.job().id()).isEqualTo("k");
    }

    @Test
    void whoStopsLeadingShowsNoJob() {
        training(1_000_000).pass(1_000);
        bench.agents.steps = false;
        bench.give(new CoordinatorInput.LeadershipLost("gone"));
        bench.pass(1_000);

        assertThat(album.newest().standing()).isEqualTo("standby");
        assertThat(album.newest().job()).isNull();
        assertThat(album.newest().agents()).isEmpty();
    }

    @Test
    void aStoreOutOfReachIsSaid() {
        training(1_000_000).pass(1_000);
        bench.give(new CoordinatorInput.StoreSuspended("no quorum"));
        bench.pass(500);

        assertThat(album.newest().standing()).isEqualTo("suspended");
        assertThat(album.newest().blocked().waitsOn()).containsExactly("ZooKeeper");
        assertThat(album.newest().blocked().what()).contains("training goes on");
    }

    @Test
    void stoppedIsTheLastWord() {
        training(1_000_000).pass(1_000);
        bench.give(new CoordinatorInput.Stop("bye"));

        assertThat(album.newest().standing()).isEqualTo("stopped");
        assertThat(bench.core.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }
}
