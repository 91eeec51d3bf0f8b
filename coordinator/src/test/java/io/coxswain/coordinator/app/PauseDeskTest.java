package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorStatus.JobPhase;
import io.coxswain.coordinator.PauseOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Who pauses and resumes jobs hears what became of it. */
class PauseDeskTest {
    private static final JobSpec JOB = Bench.spec("j1", new Mesh(1, 1), 100_000);

    private final Bench bench = new Bench();

    private List<PauseOutcome> pause(String jobId, String reason) {
        var answers = new ArrayList<PauseOutcome>();
        bench.give(new CoordinatorInput.Pause(jobId, reason, answers::add));
        return answers;
    }

    private List<PauseOutcome> resume(String jobId) {
        var answers = new ArrayList<PauseOutcome>();
        bench.give(new CoordinatorInput.Resume(jobId, answers::add));
        return answers;
    }

    private void runs() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.submit(JOB, false);
        bench.pass(1_000);
    }

    private String refusal(List<PauseOutcome> answers) {
        assertThat(answers).singleElement().isInstanceOf(PauseOutcome.Refused.class);
        return ((PauseOutcome.Refused) answers.getFirst()).reason();
    }

    @Test
    void itIsAnsweredWhenTheJobStands() {
        runs();
        List<PauseOutcome> answers = pause("", "new data");
        bench.pass(50);
        assertThat(answers).singleElement().isInstanceOf(PauseOutcome.Paused.class);
        var paused = (PauseOutcome.Paused) answers.getFirst();
        assertThat(paused.jobId()).isEqualTo("j1");
        assertThat(paused.already()).isFalse();

        bench.pass(60_000);
        assertThat(bench.status().jobs().getFirst())
                .satisfies(job -> {
                    assertThat(job.phase()).isEqualTo(JobPhase.PAUSED);
                    assertThat(job.detail()).isEqualTo("paused: new data");
                    assertThat(job.completedStep()).isEqualTo(paused.step());
                });
        assertThat(pause("j1", ""))
                .containsExactly(new PauseOutcome.Paused("j1", paused.step(), true));

        assertThat(resume("j1"))
                .containsExactly(new PauseOutcome.Resumed("j1", paused.step(), false));
        assertThat(resume("")).containsExactly(new PauseOutcome.Resumed("j1", paused.step(), true));
        bench.pass(1_000);
        assertThat(bench.status().jobs().getFirst())
                .satisfies(job -> {
                    assertThat(job.phase()).isEqualTo(JobPhase.ACTIVE);
                    assertThat(job.detail()).isEmpty();
                    assertThat(job.completedStep()).isGreaterThan(paused.step());
                });
        assertThat(bench.published(CoordinatorEvent.JobPaused.class)).hasSize(1);
        assertThat(bench.published(CoordinatorEvent.JobResumed.class)).hasSize(1);
    }

    @Test
    void nobodyIsAnsweredBeforeItIsDurable() {
        runs();
        bench.store.script.add(FakeStore.Fate.SILENT);
        List<PauseOutcome> answers = pause("j1", "");
        bench.pass(1_000);
        assertThat(answers).isEmpty();
        assertThat(bench.status().jobs().getFirst().phase()).isEqualTo(JobPhase.ACTIVE);
        bench.give(new CoordinatorInput.LeadershipLost("another leads"));
        assertThat(refusal(answers)).contains("leadership was lost", "ask the leader again");
    }

    @Test
    void aLeaderOfThePastDoesNotSayThatNothingIsToBeDone() {
        runs();
        bench.store.depose();
        assertThat(refusal(resume("j1"))).contains("leadership was lost");
        assertThat(bench.published(CoordinatorEvent.LeadershipLost.class)).hasSize(1);
    }

    @Test
    void whoCannotHaveItHearsWhy() {
        assertThat(refusal(pause("j1", ""))).isEqualTo("coordinator c1 does not lead");
        bench.lead(1);
        assertThat(refusal(pause("", ""))).isEqualTo("no job runs");
        assertThat(refusal(resume("j9"))).isEqualTo("there is no job j9");
        runs();
        bench.submit(Bench.spec("j2", new Mesh(1, 1), 10), true);
        bench.cancel("j2");
        assertThat(refusal(resume("j2"))).isEqualTo("job j2 is over already");
    }

    @Test
    void theLaterOfTwoHasItsWay() {
        runs();
        bench.store.script.add(FakeStore.Fate.SILENT);
        List<PauseOutcome> paused = pause("j1", "");
        List<PauseOutcome> resumed = resume("j1");
        assertThat(refusal(paused)).isEqualTo("job j1 was resumed meanwhile");
        List<PauseOutcome> again = pause("j1", "");
        assertThat(refusal(resumed)).isEqualTo("job j1 was paused again meanwhile");
        assertThat(again).isEmpty();
    }

    @Test
    void withoutTheStoreItWaits() {
        runs();
        bench.give(new CoordinatorInput.StoreSuspended("SUSPENDED"));
        List<PauseOutcome> answers = pause("j1", "");
        bench.pass(100);
        assertThat(answers).isEmpty();
        bench.give(new CoordinatorInput.StoreResumed());
        bench.pass(100);
        assertThat(answers).singleElement().isInstanceOf(PauseOutcome.Paused.class);
    }

    @Test
    void aPausedJobCanBeCancelled() {
        runs();
        pause("j1", "");
        bench.pass(1_000);
        assertThat(bench.cancel("j1")).isEqualTo(new CancelOutcome.Cancelled("j1"));
        assertThat(refusal(pause("j1", ""))).isEqualTo("job j1 is over already");
    }

    @Test
    void aJobThatEndsMeanwhileIsToldSo() {
        runs();
        bench.store.script.add(FakeStore.Fate.SILENT);
        List<PauseOutcome> answers = pause("j1", "");
        bench.cancel("j1");
        bench.pass(100);
        assertThat(refusal(answers)).contains("j1");
    }

    @Test
    void thatAJobEndsIsSaidByWhomCanEndItOnly() {
        runs();
        bench.store.script.add(FakeStore.Fate.SILENT);
        bench.give(new CoordinatorInput.Cancel("j1", "enough", _ -> {}));
        List<PauseOutcome> answers = resume("j1");
        bench.pass(1_000);
        assertThat(answers).as("its end is not durable").isEmpty();
        bench.give(new CoordinatorInput.LeadershipLost("another leads"));
        assertThat(refusal(answers)).contains("ask the leader again");
    }

    @Test
    void aReasonIsOneShortLine() {
        runs();
        pause("j1", " two\nlines\u0007 " + "x".repeat(1_000));
        bench.pass(1_000);
        String reason = bench.published(CoordinatorEvent.JobPaused.class).getFirst().reason();
        assertThat(reason).hasSize(500).startsWith("two lines x").doesNotContain("\n");
    }
}
