package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.SnapshotInterval;
import io.coxswain.coordinator.core.model.StepPlan;
import io.coxswain.coordinator.core.view.IntervalReason;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** {@code protect.every: auto}: when the interval changes, and what everybody is told of it. */
final class CadenceTest {
    private static JobStory automatic() {
        return new JobStory(2, 2, 1, 20_000, JobLimits.defaults(), JobSpec.AUTOMATIC)
                .attach("a0", "a1", "a2", "a3", "a4");
    }

    private static <T> Stream<T> of(List<? super T> all, Class<T> kind) {
        return all.stream().filter(kind::isInstance).map(kind::cast);
    }

    private static List<CoordinatorEvent.SnapshotIntervalChosen> chosen(JobStory story) {
        return of(story.published, CoordinatorEvent.SnapshotIntervalChosen.class).toList();
    }

    private static int planned(JobStory story) {
        StepPlan plan =
                of(story.effects, JobEffect.SendPrepareView.class)
                        .map(JobEffect.SendPrepareView::plan)
                        .filter(Objects::nonNull)
                        .reduce((first, second) -> second)
                        .orElseThrow();
        return every(plan);
    }

    /** How far apart the snapshots of a plan are. */
    static int every(StepPlan plan) {
        return plan.operations().stream()
                .filter(operation -> operation.kind() == StepPlan.Kind.SNAPSHOT)
                .findFirst()
                .orElseThrow()
                .every();
    }

    @Test
    void eachStepIsSnapshottedUntilEnoughWasMeasured() {
        JobStory story = automatic();
        assertThat(planned(story)).isEqualTo(1);
        assertThat(chosen(story))
                .singleElement()
                .satisfies(event -> {
                    assertThat(event.every()).isEqualTo(1);
                    assertThat(event.reason()).isInstanceOf(IntervalReason.NotMeasured.class);
                });
    }

    @Test
    void aChangeComesWithTheGrantOfStepsThatNobodyCouldMakeBefore() {
        JobStory story = automatic().steps(400);
        long granted = 0;
        SnapshotInterval known = SnapshotInterval.PLANNED;
        int changes = 0;
        for (JobEffect effect : story.effects) {
            switch (effect) {
                case JobEffect.SendStartView start -> granted = start.through();
                case JobEffect.SendGrant grant -> {
                    if (!grant.interval().equals(known)) {
                        assertThat(grant.interval().after()).isEqualTo(granted);
                        assertThat(grant.through()).isGreaterThan(granted);
                        known = grant.interval();
                        changes++;
                    }
                    if (grant.agent().equals(story.atRank(3).key)) {
                        granted = grant.through();
                    }
                }
                default -> {}
            }
        }
        assertThat(changes).isPositive();
        assertThat(known.every()).isBetween(2, 2_000);
        assertThat(chosen(story).getLast())
                .satisfies(event -> {
                    assertThat(event.every()).isEqualTo(story.lastInterval().every());
                    assertThat(event.reason().text()).contains("step").contains("stall");
                });
    }

    @Test
    void whoeverMissedAGrantHearsOfTheChangeAgainBeforeItsSteps() {
        JobStory story = automatic();
        story.hold =
                effect ->
                        effect instanceof JobEffect.SendGrant grant
                                && grant.agent().equals(story.atRank(1).key);
        story.steps(400);
        SnapshotInterval change = story.lastInterval();
        assertThat(change.isChange()).isTrue();
        // It can make no step of the change, so nobody can, and there is no second one.
        assertThat(story.machine.completedStep()).isLessThanOrEqualTo(change.after());
        story.held.clear();
        SimAgent deaf = story.atRank(1);
        story.from(deaf.key, new JobEvent.AgentAttached(deaf.profile, deaf.inventory()));
        story.hold = effect -> false;
        story.settle();
        assertThat(of(story.effects, JobEffect.SendStartView.class))
                .anyMatch(
                        start -> start.agent().equals(deaf.key) && start.interval().equals(change));
        story.steps(200);
        assertThat(story.machine.completedStep()).isGreaterThan(change.after());
    }

    @Test
    void aNewLeaderGoesOnWithTheNewestChangeThatAMemberHeardOf() {
        JobStory story = automatic();
        story.hold =
                effect ->
                        effect instanceof JobEffect.SendGrant grant
                                && grant.agent().equals(story.atRank(1).key);
        story.steps(400);
        SnapshotInterval change = story.lastInterval();
        assertThat(change.isChange()).isTrue();
        assertThat(story.atRank(1).interval).isEqualTo(SnapshotInterval.PLANNED);
        story.hold = effect -> false;
        story.held.clear();
        new TakeoverStory(story).accounted().takenOver(JobStory.MILLI, agent -> true);
        story.isIn(JobPhase.ACTIVE);
        assertThat(story.atRank(1).interval).isEqualTo(change);
        story.steps(300);
        assertThat(story.machine.completedStep()).isGreaterThan(change.after());
        // Nothing else was measured yet, so nothing else was chosen in between.
        assertThat(story.atRank(2).interval.after()).isGreaterThanOrEqualTo(change.after());
    }

    @Test
    void aNewViewBeginsWithWhatWasMeasured() {
        JobStory story = automatic().steps(400);
        story.kill(story.atRank(0).key.id());
        story.pass(100 * JobStory.MILLI).steps(3);
        assertThat(planned(story)).isGreaterThan(1);
        assertThat(of(story.effects, JobEffect.SendStartView.class).toList().getLast().interval())
                .isEqualTo(SnapshotInterval.PLANNED);
        assertThat(chosen(story).getLast().every()).isEqualTo(planned(story));
    }

    @Test
    void aFixedIntervalNeverChangesAndIsNotTold() {
        JobStory story =
                new JobStory(2, 2, 1, 20_000, JobLimits.defaults(), 3)
                        .attach("a0", "a1", "a2", "a3", "a4")
                        .steps(400);
        assertThat(planned(story)).isEqualTo(3);
        assertThat(chosen(story)).isEmpty();
        assertThat(story.lastInterval()).isEqualTo(SnapshotInterval.PLANNED);
    }

    @Test
    void copiesThatTakeLongBoundIt() {
        JobStory story = automatic();
        story.copyNanos = 3_000 * JobStory.MILLI;
        story.steps(400);
        assertThat(chosen(story).getLast().reason()).isInstanceOf(IntervalReason.CopyTime.class);
        // 3 s of steps that take 5 ms.
        assertThat(story.lastInterval().every()).isBetween(300, 700);
    }
}
