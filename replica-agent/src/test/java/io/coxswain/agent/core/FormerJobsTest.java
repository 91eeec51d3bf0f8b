package io.coxswain.agent.core;

import static io.coxswain.agent.core.Story.JOB;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What an agent keeps of jobs that are over: how far their epochs went. */
class FormerJobsTest {
    @Test
    void theIdOfAJobThatIsOverIsTakenForAnotherAboveItsEpochs() {
        Story story = new Story().running(5);
        long former = story.machine.promisedEpoch();
        story.give(new AgentEvent.JobEnded(story.term, JOB, "forgotten by now"));
        story.offered();
        assertThat(story.machine.promisedEpoch()).isEqualTo(former + 1);
        story.loaded();
        assertThat(story.everReported(AgentReport.JobReady.class).getLast().promisedEpoch())
                .isEqualTo(former + 1);
        // Another one knows nothing of that.
        story.give(new AgentEvent.JobEnded(story.term, JOB, "over"));
        story.give(new AgentEvent.JobOffered(story.term, Story.job("job-2")));
        assertThat(story.machine.promisedEpoch()).isZero();
    }

    @Test
    void notMoreThanSomeAreRemembered() {
        var jobs = new FormerJobs();
        for (int i = 0; i < 100; i++) {
            jobs.ended("job-" + i, 5);
            jobs.ended("job-0", 6);
        }
        assertThat(jobs.promised("job-0")).isEqualTo(6);
        assertThat(jobs.promised("job-1")).isZero();
        assertThat(jobs.promised("job-99")).isEqualTo(5);
    }
}
