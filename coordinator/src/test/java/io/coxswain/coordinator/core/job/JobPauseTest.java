package io.coxswain.coordinator.core.job;

import static io.coxswain.coordinator.core.job.JobStory.MILLI;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.pause.PauseState.Stage;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Objects;

/** A job that is paused and resumed, whatever happens meanwhile. */
class JobPauseTest {
    private static final long HOUR = 3_600_000 * MILLI;
    private static final int RANKS = 4;

    private final JobStory story =
            new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3", "a4").steps(10);
    private final TakeoverStory takeover = new TakeoverStory(story);

    private void pause() {
        story.tell(new JobEvent.PauseRequested("new data"));
        story.settle();
    }

    private void resume() {
        story.tell(new JobEvent.ResumeRequested());
        story.settle();
    }

    private Stage stage() {
        return story.machine.pause(story.now).stage();
    }

    private long epoch() {
        return Objects.requireNonNull(story.machine.view()).epoch();
    }

    private void standsAfter(long step) {
        story.isIn(JobPhase.ACTIVE);
        assertThat(stage()).isEqualTo(Stage.STANDING);
        assertThat(story.machine.completedStep()).isEqualTo(step);
        assertThat(story.machine.runningCategory()).isEqualTo(Category.PAUSED);
        story.steps(5);
        assertThat(story.machine.completedStep()).isEqualTo(step);
    }

    private List<Incident> planned() {
        return story.machine.incidents().stream().filter(Incident::planned).toList();
    }

    @Test
    void allRanksStandAtOneStepAndNoneIsLost() {
        long epoch = epoch();
        pause();
        // Reports are cut each 20 steps: the rest comes because they stand.
        standsAfter(10);
        long since = story.now;
        story.pass(HOUR);
        resume();
        long until = story.now;
        assertThat(stage()).isEqualTo(Stage.NONE);
        story.finish().isCompletedAsUndisturbed();

        assertThat(epoch()).isEqualTo(epoch);
        assertThat(story.published(CoordinatorEvent.JobPaused.class))
                .containsExactly(new CoordinatorEvent.JobPaused("job-1", 10, "new data"));
        assertThat(story.published(CoordinatorEvent.JobResumed.class))
                .containsExactly(new CoordinatorEvent.JobResumed("job-1", 10));
        assertThat(story.booked(Category.PAUSED))
                .isBetween(RANKS * (until - since - MILLI), RANKS * (until - since + MILLI));
        assertThat(story.booked(Category.CONTROLLER_WAIT)).isLessThan(RANKS * 100 * MILLI);
        assertThat(story.booked(Category.DETECTION)).isZero();
    }

    @Test
    void itIsAPlannedIncidentThatLastsUntilTheNextStep() {
        pause();
        Incident open = story.onlyIncident();
        assertThat(open.kind()).isEqualTo(Incident.Kind.PLANNED);
        assertThat(open.closed()).isFalse();
        assertThat(open.cause()).contains("paused on request", "new data");
        assertThat(open.agents()).isEmpty();
        story.pass(HOUR);
        resume();
        assertThat(story.onlyIncident().closed()).isFalse();
        story.steps(21);
        Incident over = story.onlyIncident();
        assertThat(over.closed()).isTrue();
        assertThat(over.stepsLost()).isZero();
        assertThat(over.repeats()).isEqualTo(1);
        assertThat(over.phases().decide()).isBetween(HOUR, HOUR + 10 * MILLI);
        assertThat(over.atStep()).isEqualTo(over.resumedAtStep());
    }

    @Test
    void nothingHappensBeforeItIsDurable() {
        story.hold = JobEffect.PersistPause.class::isInstance;
        story.effects.clear();
        pause();
        assertThat(stage()).isEqualTo(Stage.RECORDING);
        assertThat(story.effects).noneMatch(JobEffect.SendGrant.class::isInstance);
        story.steps(10);
        assertThat(story.atRank(0).step()).isEqualTo(20);
        story.release();
        standsAfter(20);

        story.hold = JobEffect.PersistPause.class::isInstance;
        resume();
        assertThat(stage()).isEqualTo(Stage.RESUMING);
        story.steps(3);
        assertThat(story.machine.completedStep()).isEqualTo(20);
        story.release().finish().isCompletedAsUndisturbed();
    }

    @Test
    void saidTwiceItIsTheSame() {
        pause();
        pause();
        standsAfter(10);
        resume();
        resume();
        pause();
        resume();
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.effects.stream().filter(JobEffect.PersistPause.class::isInstance).count())
                .isEqualTo(4);
    }

    @Test
    void theFurthestRankIsWhereAllStop() {
        // As if rank 0 had begun a step that the others hear of later.
        story.hold = JobEffect.SendGrant.class::isInstance;
        pause();
        story.hold = effect -> false;
        story.held.clear();
        for (int rank = 0; rank < RANKS; rank++) {
            SimAgent agent = story.atRank(rank);
            story.tell(new JobEvent.StepsHeld(agent.key, epoch(), rank == 2 ? 12 : 10));
        }
        story.settle();
        assertThat(stage()).isEqualTo(Stage.STOPPING);
        story.steps(5);
        standsAfter(12);
        assertThat(story.atRank(0).heldThrough).isEqualTo(12);

        // A late word says that one has begun yet another: all go there.
        story.tell(new JobEvent.StepsHeld(story.atRank(1).key, epoch(), 13));
        story.settle().steps(5);
        standsAfter(13);
        resume();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aMemberThatDiesIsReplacedAndTheJobStands() {
        pause();
        story.pass(HOUR);
        long paused = story.now;
        story.kill(story.atRank(1).key.id());
        standsAfter(10);
        assertThat(epoch()).isGreaterThan(1);
        assertThat(story.machine.incidents()).hasSize(3);
        assertThat(story.machine.incidents().get(0).closed()).isTrue();
        assertThat(story.machine.incidents().get(1).kind()).isEqualTo(Incident.Kind.HOST);
        assertThat(story.machine.incidents().get(1).closed()).isTrue();
        assertThat(story.machine.incidents().get(2).cause()).contains("still paused");
        story.pass(HOUR);
        resume();
        long until = story.now;
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.PAUSED))
                .as("nothing else held the job up")
                .isGreaterThan(RANKS * (until - paused + HOUR - 200 * MILLI));
        assertThat(story.booked(Category.DETECTION)).isZero();
        assertThat(story.published(CoordinatorEvent.JobPaused.class)).hasSize(1);
    }

    @Test
    void aWorkerThatDiesComesBackAndStands() {
        pause();
        String id = story.atRank(3).key.id();
        story.killWorker(id).workerBack(id);
        standsAfter(10);
        resume();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aSpareThatDiesChangesNothing() {
        pause();
        story.kill("a4");
        standsAfter(10);
        assertThat(story.machine.incidents()).hasSize(3);
        assertThat(story.machine.incidents().getLast().closed()).isFalse();
        assertThat(story.machine.incidents().getLast().planned()).isTrue();
        resume();
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.machine.incidents()).allMatch(Incident::closed);
    }

    @Test
    void whoDiesWhileTheStepsStopIsReplacedFirst() {
        story.hold = JobEffect.SendGrant.class::isInstance;
        pause();
        assertThat(stage()).isEqualTo(Stage.STOPPING);
        String victim = story.atRank(2).key.id();
        story.release();
        story.kill(victim);
        standsAfter(10);
        resume();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void pausedWhileItRecoversItStandsOnceItHas() {
        story.hold = JobEffect.SendPrepareView.class::isInstance;
        story.kill(story.atRank(0).key.id()).isIn(JobPhase.PREPARING);
        pause();
        // Who was lost might step on until its lease is over.
        assertThat(stage()).isEqualTo(Stage.STOPPING);
        assertThat(story.machine.pause(story.now + 11_000 * MILLI).isStanding()).isTrue();
        assertThat(planned()).isEmpty();
        story.release();
        standsAfter(10);
        assertThat(story.machine.incidents()).hasSize(2);
        assertThat(story.machine.incidents().get(0).closed()).isTrue();
        resume();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void resumedWhileItRecoversItGoesOnByItself() {
        pause();
        story.hold = JobEffect.SendPrepareView.class::isInstance;
        story.kill(story.atRank(0).key.id()).isIn(JobPhase.PREPARING);
        resume();
        assertThat(stage()).isEqualTo(Stage.NONE);
        story.pass(100 * MILLI);
        assertThat(story.machine.runningCategory()).isEqualTo(Category.RECOVERY_RESTORE);
        story.release().finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.RECOVERY_RESTORE))
                .isGreaterThanOrEqualTo(RANKS * 100 * MILLI);
    }

    @Test
    void pausedBeforeItsFirstViewItStandsAtItsBeginning() {
        var young = new JobStory(2, 2, 1, 20).attach("a0", "a1");
        young.isIn(JobPhase.WAITING);
        young.tell(new JobEvent.PauseRequested("wait for the others"));
        young.settle();
        young.attach("a2", "a3").isIn(JobPhase.ACTIVE);
        young.steps(3).pass(HOUR);
        assertThat(young.machine.completedStep()).isZero();
        assertThat(young.onlyIncident().planned()).isTrue();
        young.tell(new JobEvent.ResumeRequested());
        young.settle().finish().isCompletedAsUndisturbed();
        assertThat(young.booked(Category.PAUSED)).isGreaterThanOrEqualTo(RANKS * HOUR);
        assertThat(young.booked(Category.STARTUP)).isPositive();
    }

    @Test
    void aStreamThatComesBackDoesNotSetIt() {
        pause();
        SimAgent member = story.atRank(1);
        member.heldThrough = Long.MAX_VALUE;
        story.from(member.key, new JobEvent.AgentAttached(member.profile, member.inventory()));
        story.settle();
        assertThat(member.heldThrough).isEqualTo(10);
        standsAfter(10);
    }

    @Test
    void linksAreNotBlamedWhileNobodyUsesThem() {
        pause();
        story.tell(
                new JobEvent.LinkAccused(
                        story.atRank(1).key, story.atRank(2).key, epoch(), "reset by peer"));
        story.pass(HOUR);
        standsAfter(10);
        resume();
        story.steps(25).pass(2_000 * MILLI);
        story.isIn(JobPhase.ACTIVE);
        assertThat(story.machine.incidents()).hasSize(1);
    }

    @Test
    void cancelledWhilePausedItEnds() {
        pause();
        story.pass(HOUR);
        story.tell(new JobEvent.CancelRequested("enough"));
        story.settle().isIn(JobPhase.CANCELLED);
        assertThat(story.booked(Category.PAUSED)).isGreaterThanOrEqualTo(RANKS * HOUR);
        assertThat(story.booked(Category.LOST_PROGRESS)).isZero();
        story.accountIsExact();
        pause();
        resume();
        story.isIn(JobPhase.CANCELLED);
    }

    @Test
    void askedDuringTheLastStepTheJobEnds() {
        story.steps(49);
        story.hold = JobEffect.SendGrant.class::isInstance;
        pause();
        story.hold = effect -> false;
        story.held.clear();
        for (int rank = 0; rank < RANKS; rank++) {
            story.tell(new JobEvent.StepsHeld(story.atRank(rank).key, epoch(), 60));
        }
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.machine.incidents()).allMatch(Incident::closed);
        assertThat(story.booked(Category.PAUSED)).isZero();
    }

    @Test
    void theStepTimesKnowNothingOfIt() {
        story.steps(10);
        long before = story.machine.stepTimes().longestNanos();
        pause();
        story.pass(HOUR);
        resume();
        story.steps(30);
        assertThat(story.machine.stepTimes().longestNanos()).isLessThan(10 * before);
    }

    // ---------------------------------------------------------------- another leader

    @Test
    void theNextLeaderKeepsItPaused() {
        takeover.accounted();
        pause();
        standsAfter(10);
        takeover.accounted();
        story.pass(HOUR);
        long since = story.now;
        takeover.takenOver(4_000 * MILLI, agent -> true);
        long epoch = epoch();
        standsAfter(10);
        story.pass(HOUR);
        resume();
        long until = story.now;
        story.finish().isCompletedAsUndisturbed();
        assertThat(epoch()).isEqualTo(epoch);
        assertThat(story.booked(Category.PAUSED))
                .isGreaterThan(RANKS * (until - since + HOUR - 100 * MILLI));
        assertThat(story.booked(Category.CONTROLLER_WAIT)).isLessThan(RANKS * 100 * MILLI);
        assertThat(planned()).allMatch(Incident::closed).hasSize(2);
    }

    @Test
    void theNextLeaderStopsWhatWasToStop() {
        takeover.accounted();
        story.hold = JobEffect.SendGrant.class::isInstance;
        pause();
        story.steps(4);
        takeover.takenOver(4_000 * MILLI, agent -> true);
        standsAfter(14);
        resume();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void theNextLeaderGoesOnWithWhatWasResumed() {
        takeover.accounted();
        pause();
        takeover.accounted();
        story.pass(HOUR);
        // Durable, and the leader ends before it tells anybody or writes its account.
        story.hold = JobEffect.SendGrant.class::isInstance;
        resume();
        long until = story.now;
        takeover.takenOver(4_000 * MILLI, agent -> true);
        assertThat(stage()).isEqualTo(Stage.NONE);
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.PAUSED))
                .isBetween(RANKS * HOUR, RANKS * (HOUR + 100 * MILLI));
        assertThat(story.now).isGreaterThan(until);
    }

    @Test
    void theNextLeaderRecoversWhoIsMissingAndKeepsItPaused() {
        takeover.accounted();
        pause();
        takeover.accounted();
        story.pass(HOUR);
        String gone = story.atRank(1).key.id();
        story.agent(gone).up = false;
        takeover.takenOver(4_000 * MILLI, agent -> true);
        story.settle();
        standsAfter(10);
        resume();
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.PAUSED)).isGreaterThan(RANKS * HOUR);
    }
}
