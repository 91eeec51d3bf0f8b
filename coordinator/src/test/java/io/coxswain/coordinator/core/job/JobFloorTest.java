package io.coxswain.coordinator.core.job;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

/** What the order of a view tells of the floor, where members were fenced apart. */
final class JobFloorTest {
    /** Snapshots were taken that no holder has yet. */
    private static JobStory behind() {
        JobStory story = new JobStory(2, 2, 1, 60).attach("a0", "a1", "a2", "a3", "a4").steps(15);
        story.copiesLag = true;
        return story.steps(5);
    }

    @Test
    void ordersTellOfTheNewestFloorThatAnySurvivorKnows() {
        JobStory story = behind();
        SimAgent ahead = story.atRank(2);
        long known = ahead.snapshots.lastKey().step();
        assertThat(known).isGreaterThan(ahead.floor);
        ahead.floor = known;
        story.kill(story.atRank(0).key.id());
        assertThat(ordered(story)).isNotEmpty().allMatch(order -> order.floor() == known);
    }

    @Test
    void aFloorOfWhichNobodyShowsAStateIsNone() {
        JobStory story = behind();
        SimAgent ahead = story.atRank(2);
        long agreed = ahead.floor;
        long gone = ahead.snapshots.lastKey().step();
        ahead.floor = gone;
        ahead.snapshots.keySet().removeIf(name -> name.step() == gone);
        ahead.copies.keySet().removeIf(name -> name.step() == gone);
        story.kill(story.atRank(0).key.id());
        assertThat(ordered(story)).isNotEmpty().allMatch(order -> order.floor() == agreed);
    }

    /** The orders of the newest view. */
    private static List<JobEffect.SendPrepareView> ordered(JobStory story) {
        List<JobEffect.SendPrepareView> orders =
                story.effects.stream()
                        .filter(JobEffect.SendPrepareView.class::isInstance)
                        .map(JobEffect.SendPrepareView.class::cast)
                        .toList();
        long newest = orders.getLast().view().epoch();
        return orders.stream().filter(order -> order.view().epoch() == newest).toList();
    }
}
