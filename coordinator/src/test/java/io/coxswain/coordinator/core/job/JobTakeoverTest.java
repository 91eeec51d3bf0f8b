package io.coxswain.coordinator.core.job;

import static io.coxswain.coordinator.core.job.JobStory.MILLI;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.View;

import org.junit.jupiter.api.Test;

import java.util.Objects;

/** A new leader goes on with what another one left. */
class JobTakeoverTest {
    private static final long GAP = 4_000 * MILLI;

    private final JobStory story = new JobStory(2, 2, 1, 40);
    private final TakeoverStory takeover = new TakeoverStory(story);

    private TakeoverStory running() {
        story.attach("a", "b", "c", "d", "e");
        story.pass(400 * MILLI).isIn(JobPhase.ACTIVE);
        takeover.accounted();
        story.steps(8);
        return takeover;
    }

    private long epoch() {
        return Objects.requireNonNull(story.machine.view()).epoch();
    }

    private CoordinatorEvent.JobTakenOver told() {
        var all = story.published(CoordinatorEvent.JobTakenOver.class);
        assertThat(all).hasSize(1);
        return all.getFirst();
    }

    @Test
    void allMembersAreThereSoTheViewGoesOn() {
        running().accounted();
        story.steps(4);
        long epoch = epoch();
        long completed = story.machine.completedStep();
        int views = story.published(CoordinatorEvent.ViewActivated.class).size();

        takeover.takenOver(GAP, agent -> true);

        story.isIn(JobPhase.ACTIVE);
        assertThat(told().adopted()).isTrue();
        assertThat(epoch()).isEqualTo(epoch);
        assertThat(story.machine.completedStep()).isGreaterThanOrEqualTo(completed);
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.published(CoordinatorEvent.ViewActivated.class)).hasSize(views);
        assertThat(story.published(CoordinatorEvent.RolledBack.class)).isEmpty();
        assertThat(story.machine.incidents()).isEmpty();
        assertThat(story.booked(Category.LOST_PROGRESS)).isZero();
        assertThat(story.booked(Category.DETECTION)).isZero();
    }

    @Test
    void stepsThatNoLeaderHeardOfAreProductive() {
        running().accounted();
        // Reports get lost with the leader.
        for (int i = 0; i < 12; i++) {
            story.stepOnce(java.util.Set.of());
            story.inbox.clear();
        }
        long productive = story.booked(Category.PRODUCTIVE);
        takeover.takenOver(20 * MILLI, agent -> true);
        assertThat(story.machine.completedStep()).isGreaterThanOrEqualTo(20);
        assertThat(story.booked(Category.PRODUCTIVE) - productive)
                .isGreaterThan(4 * 12 * 4 * MILLI);
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.CONTROLLER_WAIT)).isLessThan(4 * 100 * MILLI);
    }

    @Test
    void theNewLeaderGrantsAboveWhatMembersMayDo() {
        running().accounted();
        long granted = story.atRank(0).granted;
        story.effects.clear();
        story.effects.add(
                new JobEffect.PersistView(
                        JobEffect.ViewState.ACTIVE,
                        Objects.requireNonNull(story.machine.view()),
                        story.machine.placement(),
                        story.machine.lineage()));
        takeover.takenOver(GAP, agent -> true);
        var starts =
                story.effects.stream()
                        .filter(JobEffect.SendStartView.class::isInstance)
                        .map(JobEffect.SendStartView.class::cast)
                        .toList();
        assertThat(starts).hasSizeGreaterThanOrEqualTo(4);
        assertThat(starts).allMatch(start -> start.through() >= Math.min(40, granted));
    }

    @Test
    void aMemberOfAnotherIncarnationIsNoMember() {
        running().accounted();
        long epoch = epoch();
        SimAgent member = story.atRank(1);
        member.up = false;
        story.comes(member.key.id(), true);
        takeover.takenOver(GAP, agent -> true);

        assertThat(told().adopted()).isFalse();
        assertThat(told().reason()).contains("another process");
        story.finish().isCompletedAsUndisturbed();
        assertThat(epoch()).isGreaterThan(epoch);
        assertThat(story.onlyIncident().kind()).isEqualTo(Incident.Kind.HOST);
        assertThat(story.onlyIncident().stepsLost()).isLessThanOrEqualTo(4);
    }

    @Test
    void aMemberThatDoesNotComeIsReplaced() {
        running().accounted();
        long began = story.now;
        String missing = story.atRank(2).key.id();
        story.agent(missing).up = false;
        takeover.takenOver(GAP, agent -> true);

        assertThat(story.now - began).isGreaterThan(GAP + JobLimits.defaults().adoptNanos() - 1);
        assertThat(told().reason()).contains(missing).contains("did not attach within 3000 ms");
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.onlyIncident().agents()).contains(missing);
    }

    @Test
    void whoPromisedALaterEpochHasLeft() {
        running().accounted();
        story.hold = effect -> effect instanceof JobEffect.PersistView;
        story.kill(story.atRank(3).key.id());
        story.hold = effect -> true;
        // Fenced, and the plan is not durable.
        assertThat(story.machine.phase()).isEqualTo(JobPhase.PERSISTING);
        long promised = story.agent("a").promised;
        story.effects.removeIf(effect ->
                effect instanceof JobEffect.PersistView persist
                        && persist.state() == JobEffect.ViewState.PREPARING
                        && persist.view().epoch() >= promised);
        takeover.takenOver(GAP, agent -> true);
        assertThat(told().adopted()).isFalse();
        story.finish().isCompletedAsUndisturbed();
        assertThat(epoch()).isGreaterThan(promised);
    }

    @Test
    void aViewThatWasBeingPreparedIsAbandoned() {
        running().accounted();
        story.hold = effect -> effect instanceof JobEffect.SendStartView;
        for (SimAgent agent : story.agents.values()) {
            agent.refuses = "";
        }
        story.hold = effect -> effect instanceof JobEffect.SendPrepareView;
        story.kill(story.atRank(0).key.id());
        story.isIn(JobPhase.PREPARING);
        long preparing = Objects.requireNonNull(takeover.found().view()).epoch();
        takeover.takenOver(GAP, agent -> true);
        assertThat(told().adopted()).isFalse();
        assertThat(told().reason()).contains("was being prepared");
        story.finish().isCompletedAsUndisturbed();
        assertThat(epoch()).isGreaterThan(preparing);
    }

    @Test
    void theFirstViewIsPreparedAnew() {
        story.hold = effect -> effect instanceof JobEffect.SendPrepareView;
        story.attach("a", "b", "c", "d");
        story.isIn(JobPhase.PREPARING);
        takeover.accounted();
        takeover.takenOver(GAP, agent -> true);
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.machine.incidents()).isEmpty();
    }

    @Test
    void membersThatAreReadyAreStarted() {
        story.hold = effect -> effect instanceof JobEffect.SendStartView;
        story.attach("a", "b", "c", "d");
        story.isIn(JobPhase.ACTIVE);
        takeover.accounted();
        takeover.takenOver(GAP, agent -> true);
        assertThat(told().adopted()).isTrue();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void whatIsFinishedIsCollected() {
        story.hold = effect -> effect instanceof JobEffect.SendCollectFinal;
        story.attach("a", "b", "c", "d");
        takeover.accounted();
        for (int i = 0; i < 60 && story.machine.phase() != JobPhase.FINISHING; i++) {
            story.steps(1);
            story.pass(10 * MILLI);
        }
        story.isIn(JobPhase.FINISHING);
        takeover.takenOver(GAP, agent -> true);
        assertThat(told().adopted()).isTrue();
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.machine.incidents()).isEmpty();
    }

    @Test
    void aViewOfWhichTheAccountKnowsNothingWasAnIncident() {
        running();
        story.kill(story.atRank(1).key.id());
        story.finishRecovery();
        story.isIn(JobPhase.ACTIVE);
        long epoch = epoch();
        takeover.takenOver(GAP, agent -> true);
        assertThat(told().adopted()).isTrue();
        assertThat(epoch()).isEqualTo(epoch);
        assertThat(story.machine.incidents())
                .singleElement()
                .satisfies(incident -> {
                    assertThat(incident.closed()).isTrue();
                    assertThat(incident.cause())
                            .startsWith("epoch " + epoch + " was begun from step ")
                            .endsWith("by a leader that ended before it told why");
                });
        story.finish();
    }

    @Test
    void aJobWithoutAViewIsStarted() {
        story.attach("a", "b");
        story.isIn(JobPhase.WAITING);
        takeover.accounted();
        takeover.takenOver(GAP, agent -> true);
        story.isIn(JobPhase.WAITING);
        story.attach("c", "d");
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.STARTUP)).isGreaterThan(4 * GAP);
    }

    @Test
    void theJobsTimeIsTheMostThatIsKnown() {
        running().accounted();
        Takeover next = takeover.successor(GAP);
        assertThat(next.isObserved()).isFalse();
        assertThat(next.jobTimeNanos(story.now)).isEqualTo(takeover.account.jobTimeNanos());
        next.attached(takeover.present(story.agent("a"), 7_000 * MILLI));
        next.attached(takeover.present(story.agent("b"), 9_000 * MILLI));
        next.attached(takeover.present(story.agent("c"), 8_000 * MILLI));
        assertThat(next.isObserved()).isTrue();
        assertThat(next.jobTimeNanos(story.now + 5)).isEqualTo(9_000 * MILLI + 5);
        next.lost(story.agent("b").key);
        assertThat(next.jobTimeNanos(story.now)).isEqualTo(8_000 * MILLI);
        next.lost(new AgentKey("c", "0".repeat(32)));
        assertThat(next.jobTimeNanos(story.now)).isEqualTo(8_000 * MILLI);
    }

    @Test
    void stepsOfAnotherLeaderAreLostWithARollback() {
        running().accounted();
        story.copiesLag = true;
        story.steps(6);
        takeover.accounted();
        long productive = story.booked(Category.PRODUCTIVE);
        takeover.takenOver(GAP, agent -> true);
        assertThat(story.booked(Category.PRODUCTIVE)).isGreaterThanOrEqualTo(productive);
        // Both holders of a shard go at once: back to what copies there are.
        View view = Objects.requireNonNull(story.machine.view());
        story.kill(view.members().get(0).key().id(), view.members().get(2).key().id());
        story.attach("x", "y");
        story.copiesLag = false;
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.LOST_PROGRESS)).isPositive();
    }

    @Test
    void incidentsAreNumberedOn() {
        running();
        story.kill(story.atRank(0).key.id());
        story.finishRecovery();
        takeover.accounted();
        takeover.takenOver(GAP, agent -> true);
        assertThat(story.machine.incidents()).hasSize(1);
        assertThat(story.machine.incidents().getFirst().closed()).isTrue();
        story.attach("f");
        story.kill(story.atRank(0).key.id());
        assertThat(story.machine.incidents()).hasSize(2);
        assertThat(story.machine.incidents().getLast().id()).isEqualTo(2);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void nobodyIsThereYet() {
        running().accounted();
        takeover.takenOver(GAP, agent -> false);
        story.isIn(JobPhase.WAITING);
        assertThat(told().reason()).contains("is not observed");
        for (SimAgent agent : story.agents.values()) {
            story.from(agent.key, new JobEvent.AgentAttached(agent.profile, agent.inventory()));
        }
        // Nobody knew how long nobody led: that time is not in the account.
        story.finish().isIn(JobPhase.COMPLETED);
    }
}
