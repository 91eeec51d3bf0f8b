package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.AgentKey;

import org.junit.jupiter.api.Test;

import java.util.List;

/** What becomes of copies that an agent cannot hold although its budget says that it can. */
final class JobHoldersTest {
    private static List<AgentKey> holders(JobStory story) {
        var placement = story.machine.placement();
        if (placement == null) {
            throw new AssertionError("no placement");
        }
        return placement.duties().stream().map(duty -> duty.holder().key()).distinct().toList();
    }

    private static void refuse(JobStory story, AgentKey holder) {
        story.from(holder, new JobEvent.CopiesRefused(holder, 1, 0, "no space left on device"));
        story.settle();
    }

    @Test
    void anotherAgentTakesWhatAHolderHasNoMemoryFor() {
        JobStory story = new JobStory(1, 4, 1, 60).attach("a0", "a1", "a2", "a3", "a4", "a5");
        story.steps(10);
        AgentKey holder = holders(story).getFirst();
        refuse(story, holder);
        assertThat(holders(story)).isNotEmpty().doesNotContain(holder);
        var change = story.published(CoordinatorEvent.PlacementChanged.class).getLast();
        assertThat(change.deficits()).isEmpty();
        story.steps(10).finish().isCompletedAsUndisturbed();
    }

    @Test
    void whereNobodyElseHasMemoryTheDeficitNamesTheReason() {
        JobStory story = new JobStory(1, 2, 1, 60).attach("a0", "a1");
        story.steps(10);
        for (AgentKey holder : holders(story)) {
            refuse(story, holder);
        }
        assertThat(holders(story)).isEmpty();
        var change = story.published(CoordinatorEvent.PlacementChanged.class).getLast();
        assertThat(change.deficits())
                .anySatisfy(text -> assertThat(text).contains("no space left on device"));
        story.finish().isCompletedAsUndisturbed();
    }

    @Test
    void aMemberThatRefusesIsNoWorseAMember() {
        JobStory story = new JobStory(1, 4, 1, 60).attach("a0", "a1", "a2", "a3", "a4", "a5");
        story.steps(10);
        refuse(story, story.atRank(1).key);
        story.kill(story.atRank(0).key.id());
        assertThat(story.machine.phase()).isEqualTo(JobPhase.ACTIVE);
        assertThat(holders(story)).doesNotContain(story.atRank(1).key);
        story.finish().isCompletedAsUndisturbed();
    }
}
