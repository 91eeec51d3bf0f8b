package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.event.Incident.Phase;
import io.coxswain.coordinator.core.recovery.RecoveryReason;

import org.junit.jupiter.api.Test;

import java.util.List;

/** What an incident tells of a recovery. */
final class IncidentStoriesTest {
    private static List<Phase> phases(Incident incident) {
        return incident.stretches().stream().map(Incident.Stretch::phase).toList();
    }

    private static void tiles(Incident incident) {
        long at = incident.beganNanos();
        long sum = 0;
        for (Incident.Stretch stretch : incident.stretches()) {
            assertThat(stretch.beganNanos()).isEqualTo(at);
            at += stretch.nanos();
            sum += stretch.nanos();
        }
        assertThat(sum).isEqualTo(incident.phases().total());
    }

    @Test
    void aDeathIsTimedPhaseByPhaseWithTheReason() {
        var story = new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3", "a4").steps(20);
        String dead = story.atRank(1).key.id();
        story.kill(dead).isIn(JobPhase.ACTIVE).steps(1);

        Incident incident = story.onlyIncident();
        assertThat(incident.kind()).isEqualTo(Incident.Kind.HOST);
        assertThat(incident.planned()).isFalse();
        assertThat(incident.repeats()).isEqualTo(1);
        assertThat(phases(incident))
                .startsWith(Phase.DETECT)
                .endsWith(Phase.RESUME)
                .contains(Phase.RESTORE)
                .isSorted();
        tiles(incident);
        assertThat(incident.stretches().getFirst().waitedFor()).containsExactly(dead);
        assertThat(incident.reason()).isInstanceOf(RecoveryReason.NewestHeldByAll.class);
        Incident.Stretch restore =
                incident.stretches().stream()
                        .filter(stretch -> stretch.phase() == Phase.RESTORE)
                        .findFirst()
                        .orElseThrow();
        assertThat(restore.waitedFor()).hasSize(1).doesNotContain(dead);
        assertThat(restore.reason())
                .contains(incident.reason() == null ? "?" : incident.reason().text());
        assertThat(restore.epoch()).isGreaterThan(incident.stretches().getFirst().epoch());
    }

    @Test
    void aFailureDuringTheRecoveryRepeatsPhases() {
        var story = new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3", "a4", "a5").steps(20);
        story.hold = JobEffect.SendPrepareView.class::isInstance;
        story.kill(story.atRank(0).key.id());
        story.kill(story.atRank(3).key.id());
        story.release().isIn(JobPhase.ACTIVE).steps(1);

        Incident incident = story.onlyIncident();
        assertThat(phases(incident).stream().filter(Phase.FENCE::equals).count()).isEqualTo(2);
        assertThat(phases(incident).stream().filter(Phase.RESTORE::equals).count()).isEqualTo(2);
        assertThat(incident.stretches().stream().map(Incident.Stretch::epoch).distinct().count())
                .isGreaterThanOrEqualTo(3);
        tiles(incident);
        assertThat(incident.waitedFor()).doesNotHaveDuplicates();
    }

    @Test
    void theStartOfAWorkerIsToldInParts() {
        var story = new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3").steps(20);
        SimAgent victim = story.atRank(1);
        story.killWorker(victim.key.id());
        victim.worker = true;
        victim.live = null;
        story.tell(
                new JobEvent.AgentReady(
                        victim.key, story.layout, 300_000_000L, 520_000_000L, 2_200_000_000L, 0));
        story.settle();
        story.steps(2);

        String told =
                String.join(
                        "\n",
                        story.onlyIncident().stretches().stream()
                                .map(Incident.Stretch::reason)
                                .toList());
        assertThat(told)
                .contains(
                        "worker of "
                                + victim.key.id()
                                + " up: start and imports 2.20 s, program and data 0.30 s, compile"
                                + " 0.52 s")
                .contains("worker of " + victim.key.id() + ": state loaded in ");
        tiles(story.onlyIncident());
    }

    @Test
    void whoLeavesByHimselfIsPlanned() {
        var story = new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3", "a4").steps(20);
        SimAgent leaver = story.atRank(1);
        story.tell(new JobEvent.AgentLost(leaver.key, "it left", story.now, true));
        assertThat(story.machine.incidents().getFirst().planned()).isTrue();
    }

    @Test
    void aSpareIsNoHost() {
        var story = new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3", "a4").steps(20);
        story.kill("a4");
        Incident incident = story.onlyIncident();
        assertThat(incident.kind()).isEqualTo(Incident.Kind.SPARE);
        assertThat(incident.closed()).isTrue();
        assertThat(phases(incident)).containsExactly(Phase.DETECT);
        tiles(incident);
    }

    @Test
    void anOpenIncidentTellsHowLongItsPhaseLastsSoFar() {
        var story = new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3", "a4").steps(20);
        story.hold = JobEffect.SendPrepareView.class::isInstance;
        story.kill(story.atRank(0).key.id());
        story.pass(700_000_000L);
        Incident incident = story.machine.incidents().getFirst();
        assertThat(incident.closed()).isFalse();
        tiles(incident);
        assertThat(story.published(CoordinatorEvent.IncidentProgressed.class))
                .extracting(CoordinatorEvent.IncidentProgressed::phase)
                .contains(Phase.DECIDE);
    }
}
