package io.coxswain.coordinator.core.job;

import org.junit.jupiter.api.Test;

/** How long a job waits for the holder of a lost shard. */
class ReturnWaitTest {
    private static final long SECOND = 1_000_000_000L;

    /**
     * The first wait ended since the holder came back; its timer comes while the job waits for
     * another agent. When the holder goes for good the second wait ends as well.
     */
    @Test
    void aSecondWaitEndsToo() {
        var story = new JobStory(1, 2, 1, 60).attach("a0", "a1").steps(20);
        SimAgent gone = story.atRank(1);
        SimAgent holder = story.atRank(0);
        story.kill(gone.key.id()).isIn(JobPhase.WAITING);
        story.kill(holder.key.id()).isIn(JobPhase.RETURN_WAIT);
        story.pass(10 * SECOND);
        story.comesBackWithArena(holder);
        story.settle().isIn(JobPhase.WAITING);
        story.pass(61 * SECOND).isIn(JobPhase.WAITING);
        story.kill(holder.key.id()).isIn(JobPhase.RETURN_WAIT);
        story.pass(59 * SECOND).isIn(JobPhase.RETURN_WAIT);
        story.pass(2 * SECOND).isIn(JobPhase.FAILED);
    }
}
