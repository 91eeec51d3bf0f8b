package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.junit.jupiter.api.Test;

/** Agents that cannot take up a view: who hears why, and when it is enough. */
class ViewFailuresTest {
    private static final long SECOND = 1_000 * JobStory.MILLI;
    private static final String REASON = "the runtime cannot reduce by itself (pid 4711)";

    private static JobStory refusing(JobStory story, String reason, String... ids) {
        for (String id : ids) {
            story.comes(id, true).refuses = reason;
        }
        return story;
    }

    private static String waiting(JobStory story) {
        WaitReason reason = story.machine.waiting();
        assertThat(reason).isNotNull();
        return reason.text();
    }

    @Test
    void theReasonIsToldAtOnceAndWhileTheJobWaits() {
        var story = refusing(new JobStory(1, 2, 0, 20), REASON, "a0").attach("a1");

        assertThat(story.published(CoordinatorEvent.JobWaiting.class))
                .extracting(CoordinatorEvent.JobWaiting::reason)
                .anySatisfy(text ->
                        assertThat(text).isEqualTo("agent a0 could not take up epoch 1: " + REASON))
                .anySatisfy(text -> assertThat(text).contains("2 attempts failed so"));
        story.isIn(JobPhase.WAITING);
        assertThat(waiting(story))
                .startsWith("agents a0 failed and are tried again soon: " + REASON);
    }

    @Test
    void aJobThatFailsTheSameWayEachTimeFails() {
        var story = refusing(new JobStory(1, 2, 0, 20), REASON, "a0", "a1").settle();
        story.pass(30 * SECOND).isIn(JobPhase.WAITING);
        story.pass(60 * SECOND).isIn(JobPhase.FAILED);

        assertThat(story.machine.phaseReason())
                .startsWith("no view can be taken up: the last ")
                .contains(" attempts failed alike")
                .endsWith(" says: " + REASON);
        assertThat(story.published(CoordinatorEvent.JobFinished.class))
                .singleElement()
                .satisfies(over -> assertThat(over.reason()).contains(REASON));
        story.accountIsExact();
    }

    @Test
    void numbersMakeNoDifference() {
        var story = new JobStory(1, 1, 0, 20);
        SimAgent agent = story.comes("a0", true);
        agent.refuses = "exit 1";
        story.settle();
        for (int i = 2; i < 100 && !story.machine.phase().over(); i++) {
            agent.refuses = "exit " + i;
            story.pass(SECOND);
        }
        story.isIn(JobPhase.FAILED);
    }

    @Test
    void otherReasonsAreOtherAttempts() {
        var story = new JobStory(1, 1, 0, 20);
        SimAgent agent = story.comes("a0", true);
        for (int i = 0; i < 300; i++) {
            agent.refuses = i % 20 < 10 ? "no room" : "no network";
            story.settle().pass(SECOND);
        }
        story.isIn(JobPhase.WAITING);
        agent.refuses = "";
        story.pass(20 * SECOND).isIn(JobPhase.ACTIVE).finish().isCompletedAsUndisturbed();
    }

    @Test
    void aHostThatComesRoundInTimeIsForgiven() {
        var story = refusing(new JobStory(1, 2, 0, 20), REASON, "a0").attach("a1");
        story.pass(40 * SECOND).isIn(JobPhase.WAITING);
        story.agent("a0").refuses = "";
        story.pass(20 * SECOND).isIn(JobPhase.ACTIVE).steps(5);
        // What went before counts no more.
        story.agent("a0").refuses = REASON;
        story.killWorker("a0").workerBack("a0").pass(40 * SECOND).isIn(JobPhase.WAITING);
        story.agent("a0").refuses = "";
        story.pass(20 * SECOND).finish().isCompletedAsUndisturbed();
    }

    @Test
    void whereOthersCanTakeTheRankTheJobGoesOn() {
        var story = refusing(new JobStory(1, 2, 0, 20), REASON, "a0", "a1", "a2", "a3");
        story.attach("b0", "b1").pass(JobStory.MILLI * 400);
        story.isIn(JobPhase.ACTIVE).finish().isCompletedAsUndisturbed();
    }

    /** The donor is good, and the last one: whoever spoils its states is left out, not it. */
    @Test
    void whoSpoilsWhatItFetchesIsLeftOut() {
        var story = new JobStory(2, 1, 0, 60).attach("a0", "a1", "a2", "a3").steps(20);
        story.agent("a2").spoils = true;
        story.agent("a3").spoils = true;
        story.kill("a1").pass(SECOND).isIn(JobPhase.WAITING);
        assertThat(waiting(story)).contains("a2").contains("a3").contains("another CRC");
        story.agent("a3").spoils = false;
        story.pass(40 * SECOND).isIn(JobPhase.ACTIVE).steps(1);
        assertThat(story.onlyIncident().stepsLost()).isZero();
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void anIncidentNamesTheReason() {
        var story = new JobStory(1, 2, 1, 20).attach("a0", "a1", "a2");
        story.pass(400 * JobStory.MILLI).steps(5);
        SimAgent victim = story.atRank(0);
        SimAgent survivor = story.atRank(1);
        survivor.refuses = REASON;
        story.kill(victim.key.id());
        survivor.refuses = "";
        story.pass(10 * SECOND).steps(1);

        Incident incident = story.onlyIncident();
        assertThat(incident.cause()).contains(REASON);
        assertThat(incident.agents()).contains(survivor.key.id());
        assertThat(story.published(CoordinatorEvent.IncidentProgressed.class))
                .anySatisfy(progressed -> assertThat(progressed.reason()).contains(REASON));
    }

    @Test
    void whoCannotRunTheJobIsNamedWithTheReason() {
        var story = new JobStory(1, 2, 0, 20).attach("a0");
        SimAgent unfit = story.comes("a1", false);
        story.settle();
        story.tell(new JobEvent.AgentUnfit(unfit.key, "no such folder: /jobs/digits"));

        assertThat(waiting(story))
                .contains("1 more agent is needed")
                .endsWith("; a1 cannot run it: no such folder: /jobs/digits");
        assertThat(story.published(CoordinatorEvent.AgentUnfit.class)).hasSize(1);
    }

    @Test
    void manyReasonsAreCutShort() {
        var failures = new java.util.ArrayList<WaitReason.Failure>();
        for (int i = 0; i < 30; i++) {
            failures.add(new WaitReason.Failure("a" + i, "reason " + i % 5));
        }
        assertThat(new WaitReason.AgentsFailing(failures, "too few").text())
                .isEqualTo(
                        "agents a0, a1, a2, a3, a4 and 25 more failed and are tried again soon: a0,"
                            + " a5, a10, a15, a20 and 1 more: reason 0; a1, a6, a11, a16, a21 and 1"
                            + " more: reason 1; a2, a7, a12, a17, a22 and 1 more: reason 2; and 2"
                            + " other reasons; too few");
    }
}
