package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.model.AgentKey;

import org.junit.jupiter.api.Test;

/** The coordinator forgot a job, and somebody took its id for another: an agent did not forget. */
class FormerJobTest {
    @Test
    void epochsBeginAboveThoseThatAnyAgentRemembers() {
        var story = new JobStory(1, 2, 0, 20).attach("a0");
        AgentKey first = story.agents.values().iterator().next().key;
        story.tell(new JobEvent.AgentReady(first, story.layout, 0, 0, 0, 7));
        story.attach("a1").isIn(JobPhase.ACTIVE);
        assertThat(story.machine.view()).isNotNull();
        assertThat(story.machine.view().epoch()).isEqualTo(8);
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void whatNoJobCanHaveComeToUsesUpNoEpochs() {
        var story = new JobStory(1, 2, 0, 20).attach("a0");
        AgentKey first = story.agents.values().iterator().next().key;
        story.tell(new JobEvent.AgentReady(first, story.layout, 0, 0, 0, Long.MAX_VALUE));
        story.attach("a1").isIn(JobPhase.ACTIVE);
        assertThat(story.machine.view()).isNotNull();
        assertThat(story.machine.view().epoch()).isEqualTo(1);
    }
}
