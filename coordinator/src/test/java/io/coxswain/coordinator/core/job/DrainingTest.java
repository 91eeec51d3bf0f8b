package io.coxswain.coordinator.core.job;

import static io.coxswain.coordinator.core.job.JobStory.MILLI;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook.Word;
import io.coxswain.coordinator.core.maintenance.MaintenanceState;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Placement;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Agents that are taken out of service while a job runs. */
final class DrainingTest {
    private final MaintenanceBook book = new MaintenanceBook();

    private void say(JobStory story, Word word) {
        assertThat(book.take(word, true, List.of()))
                .isEqualTo(new MaintenanceBook.Answer.Changed());
        order(story);
    }

    private void order(JobStory story) {
        book.durable(book.said());
        story.tell(new JobEvent.MaintenanceOrdered(book.orders(), false));
        story.settle();
    }

    private void drain(JobStory story, String... ids) {
        for (String id : ids) {
            say(story, new Word.Drain(id, "a new disk"));
        }
    }

    private static JobEffect.ReportMaintenance report(JobStory story, String id) {
        return story.effects.stream()
                .filter(JobEffect.ReportMaintenance.class::isInstance)
                .map(JobEffect.ReportMaintenance.class::cast)
                .filter(report -> report.agent().id().equals(id))
                .reduce((first, last) -> last)
                .orElseThrow(() -> new AssertionError("nothing was told of " + id));
    }

    /** Steps and time, until that agent is drained. */
    private static void drained(JobStory story, String id) {
        for (int i = 0; i < 200 && report(story, id).state() != MaintenanceState.DRAINED; i++) {
            if (!story.settle().stepOnce(java.util.Set.of())) {
                story.pass(50 * MILLI);
            }
        }
        assertThat(report(story, id).state()).isEqualTo(MaintenanceState.DRAINED);
    }

    private static List<CopyDuty> dutiesOf(JobStory story, String id) {
        Placement placement = story.machine.placement();
        assertThat(placement).isNotNull();
        return placement.duties().stream()
                .filter(duty -> duty.holder().key().id().equals(id))
                .toList();
    }

    private static JobStory story(int replicas, int shards, int copies, int spares) {
        var story = new JobStory(replicas, shards, copies, 80);
        for (int i = 0; i < replicas * shards + spares; i++) {
            story.comes("a" + i, true);
        }
        return story.settle().isIn(JobPhase.ACTIVE);
    }

    private static boolean hasRank(JobStory story, String id) {
        return story.members().stream().anyMatch(member -> member.key.id().equals(id));
    }

    @Test
    void aRankGoesToASpareAndNoStepIsLost() {
        JobStory story = story(2, 2, 1, 1).steps(21);
        String leaves = story.atRank(1).key.id();
        drain(story, leaves);
        drained(story, leaves);
        assertThat(hasRank(story, leaves)).isFalse();
        Incident incident = story.onlyIncident();
        assertThat(incident.kind()).isEqualTo(Incident.Kind.PLANNED);
        assertThat(incident.closed()).isTrue();
        assertThat(incident.agents()).containsExactly(leaves);
        assertThat(incident.stepsLost()).isZero();
        assertThat(incident.cause()).contains("a new disk").contains("rank 1");
        assertThat(dutiesOf(story, leaves)).isEmpty();
        // It ends: nobody misses it.
        story.kill(leaves).isIn(JobPhase.ACTIVE);
        assertThat(story.machine.incidents()).hasSize(1);
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.LOST_PROGRESS)).isZero();
        assertThat(story.published(CoordinatorEvent.RolledBack.class)).isEmpty();
    }

    @Test
    void theOnlyOwnerOfAShardHandsItOver() {
        // Far from any snapshot that all have.
        var story = new JobStory(1, 4, 1, 80, JobLimits.defaults(), 50);
        story.attach("a0", "a1", "a2", "a3", "a4", "a5").steps(13);
        String leaves = story.atRank(2).key.id();
        drain(story, leaves);
        drained(story, leaves);
        assertThat(story.onlyIncident().stepsLost()).isZero();
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.booked(Category.LOST_PROGRESS)).isZero();
    }

    @Test
    void withoutASpareItKeepsItsRankAndSaysWhatToDo() {
        JobStory story = story(2, 2, 1, 0).steps(10);
        drain(story, "a1");
        story.steps(10).pass(1_000 * MILLI).steps(1);
        assertThat(story.machine.completedStep()).isGreaterThanOrEqualTo(20);
        assertThat(report(story, "a1").state()).isEqualTo(MaintenanceState.DRAINING);
        assertThat(report(story, "a1").detail()).contains("no spare").contains("start another");
        assertThat(story.machine.incidents()).isEmpty();
        story.attach("a9");
        drained(story, "a1");
        assertThat(story.onlyIncident().stepsLost()).isZero();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aDrainThatWaitsForASpareIsTakenBack() {
        JobStory story = story(2, 2, 1, 0).steps(10);
        drain(story, "a1");
        story.steps(5);
        assertThat(report(story, "a1").detail()).contains("no spare");
        say(story, new Word.Uncordon("a1"));
        assertThat(report(story, "a1").state()).isEqualTo(MaintenanceState.IN_SERVICE);
        // Who comes now is a spare like any other, and nobody's rank moves.
        story.attach("a9").steps(5);
        assertThat(hasRank(story, "a1")).isTrue();
        assertThat(story.machine.incidents()).isEmpty();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aFailureBesideADrainDoesNotCostARank() {
        JobStory story = story(2, 2, 1, 1).steps(10);
        story.hold = effect -> effect instanceof JobEffect.SendHalt;
        drain(story, "a1");
        // The spare is needed for somebody else: who drains keeps its rank.
        story.hold = effect -> false;
        story.held.clear();
        story.kill("a2");
        story.finishRecovery();
        assertThat(hasRank(story, "a1")).isTrue();
        assertThat(report(story, "a1").detail()).contains("no spare");
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void twoAtOnceTakeTwoSparesTogether() {
        JobStory story = story(2, 2, 1, 2).steps(10);
        drain(story, "a1", "a2");
        drained(story, "a1");
        drained(story, "a2");
        assertThat(story.machine.incidents())
                .allSatisfy(incident -> {
                    assertThat(incident.kind()).isEqualTo(Incident.Kind.PLANNED);
                    assertThat(incident.stepsLost()).isZero();
                });
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void twoAtOnceTakeTurnsForOneSpare() {
        JobStory story = story(2, 2, 1, 1).steps(10);
        drain(story, "a1", "a2");
        drained(story, "a1");
        story.steps(5);
        assertThat(report(story, "a2").state()).isEqualTo(MaintenanceState.DRAINING);
        assertThat(hasRank(story, "a2")).isTrue();
        say(story, new Word.Uncordon("a1"));
        drained(story, "a2");
        assertThat(hasRank(story, "a1")).isTrue();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void copiesOfASpareArePlacedElsewhereFirst() {
        JobStory story = story(1, 4, 1, 1).steps(10);
        assertThat(dutiesOf(story, "a4")).isNotEmpty();
        drain(story, "a4");
        assertThat(dutiesOf(story, "a4")).isEmpty();
        assertThat(report(story, "a4").state()).isEqualTo(MaintenanceState.DRAINING);
        drained(story, "a4");
        assertThat(story.machine.protectedStep()).isGreaterThanOrEqualTo(9);
        assertThat(story.onlyIncident().kind()).isEqualTo(Incident.Kind.PLANNED);
        assertThat(story.onlyIncident().cause()).contains("a4");
        story.kill("a4");
        assertThat(story.machine.incidents()).hasSize(1);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void whoWasDrainedBeforeTheLeadChangedIsNoNewIncident() {
        JobStory story = story(2, 1, 1, 2).steps(10);
        String leaves = story.atRank(1).key.id();
        drain(story, leaves);
        drained(story, leaves);
        assertThat(story.machine.incidents()).hasSize(1);
        var takeover = new TakeoverStory(story).accounted();
        takeover.takenOver(100 * MILLI, _ -> true);
        story.effects.clear();
        story.tell(new JobEvent.MaintenanceOrdered(book.orders(), true));
        story.pass(3_000 * MILLI);
        drained(story, leaves);
        story.steps(3);
        assertThat(story.published(CoordinatorEvent.IncidentClosed.class))
                .extracting(closed -> closed.incident().id())
                .containsOnly(1);
        // Said of one that serves, under this leader, it is one.
        String next = story.atRank(1).key.id();
        say(story, new Word.Uncordon(leaves));
        drain(story, next);
        drained(story, next);
        assertThat(story.machine.incidents()).hasSize(2);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void whoseRankTheNextLeaderMovesIsAnIncident() {
        JobStory story = story(2, 1, 1, 0).steps(10);
        String leaves = story.atRank(1).key.id();
        drain(story, leaves);
        assertThat(report(story, leaves).detail()).contains("no spare");
        new TakeoverStory(story).accounted().takenOver(100 * MILLI, _ -> true);
        story.tell(new JobEvent.MaintenanceOrdered(book.orders(), true));
        story.attach("a9");
        drained(story, leaves);
        assertThat(story.onlyIncident().cause()).contains(leaves);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aCordonedAgentKeepsWhatItHasAndGetsNothing() {
        JobStory story = story(1, 4, 1, 2).steps(10);
        var held = dutiesOf(story, "a4").stream().map(CopyDuty::shard).toList();
        say(story, new Word.Cordon("a4", "looks odd"));
        say(story, new Word.Cordon("a1", ""));
        story.steps(3);
        assertThat(dutiesOf(story, "a4").stream().map(CopyDuty::shard).toList()).isEqualTo(held);
        assertThat(hasRank(story, "a1")).isTrue();
        assertThat(report(story, "a4").state()).isEqualTo(MaintenanceState.CORDONED);
        story.kill("a2");
        story.finishRecovery();
        assertThat(hasRank(story, "a4")).isFalse();
        assertThat(hasRank(story, "a5")).isTrue();
        assertThat(hasRank(story, "a1")).as("keeps its rank in a recovery").isTrue();
        assertThat(held).containsAll(dutiesOf(story, "a4").stream().map(CopyDuty::shard).toList());
        story.kill("a3").pass(1_000 * MILLI).isIn(JobPhase.WAITING);
        assertThat(story.machine.phaseReason()).contains("a4").contains("uncordon");
        say(story, new Word.Uncordon("a4"));
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aCordonedAgentIsNotThereForAJobThatStarts() {
        var story = new JobStory(2, 2, 1, 20);
        say(story, new Word.Cordon("a3", ""));
        story.attach("a0", "a1", "a2", "a3").pass(1_000 * MILLI).isIn(JobPhase.WAITING);
        assertThat(story.machine.phaseReason()).contains("a3 is cordoned");
        say(story, new Word.Uncordon("a3"));
        story.isIn(JobPhase.ACTIVE).finish().isCompletedAsUndisturbed();
    }

    @Test
    void whoIsTakenBackInTimeStepsOn() {
        JobStory story = story(2, 2, 1, 1).steps(10);
        assertThat(book.take(new Word.Drain("a1", ""), true, List.of()))
                .isEqualTo(new MaintenanceBook.Answer.Changed());
        book.durable(book.said());
        story.tell(new JobEvent.MaintenanceOrdered(book.orders(), false));
        assertThat(story.effects.stream().filter(JobEffect.SendHalt.class::isInstance)).hasSize(4);
        // They stand, and their answers are on the way.
        assertThat(story.stepOnce(java.util.Set.of())).isFalse();
        say(story, new Word.Uncordon("a1"));
        assertThat(report(story, "a1").state()).isEqualTo(MaintenanceState.IN_SERVICE);
        story.finish().isCompletedAsUndisturbed();
        assertThat(story.machine.incidents()).isEmpty();
        assertThat(story.published(CoordinatorEvent.ViewActivated.class)).hasSize(1);
    }

    @Test
    void theDrainedAgentDiesWhileAllStop() {
        JobStory story = story(2, 2, 1, 1).steps(10);
        story.hold = effect -> effect instanceof JobEffect.SendHalt;
        drain(story, "a1");
        story.kill("a1");
        story.finishRecovery();
        assertThat(story.onlyIncident().kind()).isEqualTo(Incident.Kind.HOST);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void theSpareDiesWhileTheViewIsInstalled() {
        JobStory story = story(2, 2, 1, 1).steps(10);
        story.hold = effect -> effect instanceof JobEffect.SendPrepareView;
        drain(story, "a1");
        for (int i = 0; i < 50 && story.held.isEmpty(); i++) {
            if (!story.stepOnce(java.util.Set.of())) {
                story.pass(50 * MILLI);
            }
            story.settle();
        }
        assertThat(story.held).isNotEmpty();
        story.hold = effect -> false;
        story.held.clear();
        story.kill("a4");
        story.finishRecovery();
        assertThat(hasRank(story, "a1")).isTrue();
        assertThat(story.onlyIncident().kind()).isEqualTo(Incident.Kind.HOST);
        assertThat(story.onlyIncident().stepsLost()).isZero();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aMemberThatDoesNotStopIsNotWaitedForForEver() {
        JobStory story = story(2, 2, 1, 1).steps(10);
        story.hold =
                effect ->
                        effect instanceof JobEffect.SendHalt halt && halt.agent().id().equals("a2");
        drain(story, "a1");
        story.pass(3_000 * MILLI);
        story.finishRecovery();
        assertThat(hasRank(story, "a1")).isFalse();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aNoticeIsAsGoodAsADrain() {
        JobStory story = story(2, 2, 1, 1).steps(10);
        assertThat(book.noticed(story.agent("a1").key, "SIGTERM", story.now + 30_000 * MILLI))
                .isTrue();
        order(story);
        drained(story, "a1");
        assertThat(story.onlyIncident().cause()).contains("notice: SIGTERM");
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void nothingIsDecidedWhileTheStoreIsOutOfReach() {
        JobStory story = story(2, 2, 1, 1).steps(10);
        story.hold = effect -> effect instanceof JobEffect.SendHalt;
        drain(story, "a1");
        story.tell(new JobEvent.StoreReachable(false));
        story.hold = effect -> false;
        story.held.clear();
        story.settle().steps(10).pass(3_000 * MILLI);
        assertThat(story.machine.phase()).isEqualTo(JobPhase.ACTIVE);
        assertThat(story.machine.incidents()).isEmpty();
        story.tell(new JobEvent.StoreReachable(true));
        drained(story.settle(), "a1");
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void theJobsEndIsTheDrainsEnd() {
        JobStory story = story(2, 2, 1, 1).steps(79);
        drain(story, "a1");
        story.finish().isCompletedAsUndisturbed();
    }
}
