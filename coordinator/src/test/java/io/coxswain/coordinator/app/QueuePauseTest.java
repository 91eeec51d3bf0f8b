package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.CoordinatorStatus.JobPhase;
import io.coxswain.coordinator.PauseOutcome;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A job that waits can be held there: it keeps its place, and others pass it. */
class QueuePauseTest {
    private static final JobSpec FIRST = Bench.spec("j1", new Mesh(1, 1), 100_000);
    private static final JobSpec SECOND = Bench.spec("j2", new Mesh(1, 1), 100_000);
    private static final JobSpec THIRD = Bench.spec("j3", new Mesh(1, 1), 100_000);

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

    private void oneRunsAndTwoWait() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.submit(FIRST, false);
        bench.submit(SECOND, true);
        bench.submit(THIRD, true);
        bench.pass(1_000);
    }

    private CoordinatorStatus.Job job(String id) {
        return bench.status().jobs().stream()
                .filter(job -> job.jobId().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private String refusal(List<PauseOutcome> answers) {
        assertThat(answers).singleElement().isInstanceOf(PauseOutcome.Refused.class);
        return ((PauseOutcome.Refused) answers.getFirst()).reason();
    }

    @Test
    void itIsHeldAndSeenAndPassedAndStartsWhenResumed() {
        oneRunsAndTwoWait();
        assertThat(pause("j2", "no data yet"))
                .containsExactly(new PauseOutcome.Paused("j2", 0, false));
        assertThat(pause("j2", "still none"))
                .containsExactly(new PauseOutcome.Paused("j2", 0, true));
        assertThat(job("j2").phase()).isEqualTo(JobPhase.PAUSED);
        assertThat(job("j2").detail()).isEqualTo("held in the queue; paused: no data yet");
        assertThat(job("j3").detail()).isEqualTo("position 1");
        assertThat(bench.published(CoordinatorEvent.JobPaused.class))
                .containsExactly(new CoordinatorEvent.JobPaused("j2", 0, "no data yet"));

        bench.cancel("j1");
        bench.pass(1_000);
        assertThat(job("j3").phase()).isEqualTo(JobPhase.ACTIVE);
        assertThat(job("j2").phase()).isEqualTo(JobPhase.PAUSED);

        assertThat(resume("j2")).containsExactly(new PauseOutcome.Resumed("j2", 0, false));
        assertThat(resume("j2")).containsExactly(new PauseOutcome.Resumed("j2", 0, true));
        assertThat(job("j2").phase()).isEqualTo(JobPhase.QUEUED);
        bench.cancel("j3");
        bench.pass(1_000);
        assertThat(job("j2").phase()).isEqualTo(JobPhase.ACTIVE);
        assertThat(bench.published(CoordinatorEvent.JobResumed.class))
                .containsExactly(new CoordinatorEvent.JobResumed("j2", 0));
    }

    @Test
    void resumedWhileNothingRunsItStartsAtOnceAndItsAccountBeginsThen() {
        oneRunsAndTwoWait();
        bench.cancel("j3");
        pause("j2", "");
        bench.cancel("j1");
        bench.pass(3_600_000);
        assertThat(job("j2").phase()).isEqualTo(JobPhase.PAUSED);
        assertThat(refusal(resume(""))).contains("no job runs", "name the one in the queue");

        resume("j2");
        bench.pass(1_000);
        assertThat(job("j2").phase()).isEqualTo(JobPhase.ACTIVE);
        StoreRecord.Account account = bench.store.newest(StoreRecord.Account.class);
        assertThat(account).isNotNull();
        assertThat(account.jobId()).isEqualTo("j2");
        assertThat(account.jobTimeNanos()).isLessThan(2_000 * Bench.MILLI);
    }

    @Test
    void whatIsHeldStandsInNobodysWay() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.submit(FIRST, false);
        bench.submit(SECOND, true);
        pause("j2", "");
        bench.cancel("j1");
        bench.pass(100);
        assertThat(bench.submit(THIRD, false)).isEqualTo(new SubmitOutcome.Accepted("j3"));
        bench.pass(1_000);
        assertThat(job("j3").phase()).isEqualTo(JobPhase.ACTIVE);
    }

    @Test
    void itStartsOnlyWhenTheWordOfThatIsDurable() {
        oneRunsAndTwoWait();
        bench.store.script.add(FakeStore.Fate.SILENT);
        List<PauseOutcome> paused = pause("j2", "why");
        assertThat(paused).isEmpty();
        assertThat(job("j2").detail()).isEqualTo("held in the queue; pausing: why");
        List<PauseOutcome> resumed = resume("j2");
        assertThat(refusal(paused)).isEqualTo("job j2 was resumed meanwhile");
        assertThat(resumed).isEmpty();
        assertThat(job("j2").detail()).contains("until it is recorded");
        bench.cancel("j3");
        bench.cancel("j1");
        bench.pass(1_000);
        assertThat(job("j2").phase()).isEqualTo(JobPhase.PAUSED);
    }

    @Test
    void anotherLeaderHoldsItToo() {
        oneRunsAndTwoWait();
        bench.cancel("j3");
        pause("j2", "no data yet");
        bench.give(new CoordinatorInput.LeadershipLost("another leads"));
        var spec = new StoreRecord.Spec(SECOND, 2);
        var held = new StoreRecord.Pause("j2", true, "no data yet", 0);
        bench.lead(2, new StoredJob(spec, null, null, null, held, 0));
        bench.attach(Bench.agent(1));
        bench.pass(10_000);
        assertThat(job("j2").phase()).isEqualTo(JobPhase.PAUSED);
        assertThat(job("j2").detail()).isEqualTo("held in the queue; paused: no data yet");
        assertThat(resume("j2")).containsExactly(new PauseOutcome.Resumed("j2", 0, false));
        bench.pass(1_000);
        assertThat(job("j2").phase()).isEqualTo(JobPhase.ACTIVE);
    }

    @Test
    void theOneThatPassedItGoesOnFirstUnderAnotherLeader() {
        oneRunsAndTwoWait();
        var spec = new StoreRecord.Spec(SECOND, 2);
        var freed = new StoreRecord.Pause("j2", false, "", 0);
        var account = Objects.requireNonNull(bench.store.newest(StoreRecord.Account.class));
        bench.give(new CoordinatorInput.LeadershipLost("another leads"));
        // j1, which runs, was submitted later than j2, which was held and is no more.
        bench.lead(
                2,
                new StoredJob(spec, null, null, null, freed, 0),
                new StoredJob(new StoreRecord.Spec(FIRST, 3), null, account, null, null, 0));
        bench.attach(Bench.agent(1));
        bench.pass(10_000);
        assertThat(job("j1").phase()).isNotEqualTo(JobPhase.QUEUED);
        assertThat(job("j2").phase()).isEqualTo(JobPhase.QUEUED);
    }

    @Test
    void itCanBeCancelled() {
        oneRunsAndTwoWait();
        pause("j2", "");
        assertThat(bench.cancel("j2")).isEqualTo(new CancelOutcome.Cancelled("j2"));
        assertThat(job("j2").phase()).isEqualTo(JobPhase.CANCELLED);
        assertThat(refusal(resume("j2"))).isEqualTo("job j2 is over already");
    }

    @Test
    void whoAskedHearsWhenItIsCancelledMeanwhile() {
        oneRunsAndTwoWait();
        bench.store.script.add(FakeStore.Fate.SILENT);
        List<PauseOutcome> paused = pause("j2", "");
        bench.cancel("j2");
        assertThat(refusal(paused)).isEqualTo("job j2 is over");
        assertThat(bench.published(CoordinatorEvent.JobPaused.class)).isEmpty();
    }
}
