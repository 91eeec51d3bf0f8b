package io.coxswain.coordinator.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorStatus.JobPhase;
import io.coxswain.coordinator.HandOverOutcome;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.liveness.DialResult;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.FutureTask;

class CoordinatorCoreTest {
    private static final Mesh ONE = new Mesh(1, 1);

    private final Bench bench = new Bench();

    private static JobSpec job(String id) {
        return Bench.spec(id, ONE, 20);
    }

    // ------------------------------------------------------------------ a job's whole life

    @Test
    void aJobRunsFromSubmissionToItsReport() {
        bench.lead(3);
        bench.attach(Bench.agent(1));
        assertThat(bench.submit(job("j1"), false)).isEqualTo(new SubmitOutcome.Accepted("j1"));
        List<JobReport> reports = bench.awaitResult("j1");

        bench.pass(10_000);

        assertThat(reports).hasSize(1);
        JobReport report = reports.getFirst();
        assertThat(report.completed()).isTrue();
        assertThat(report.steps()).isEqualTo(20);
        assertThat(report.accuracy()).isEqualTo(0.97);
        assertThat(report.finalDigest()).hasSize(64);
        JobReport.Goodput goodput = report.goodput();
        assertThat(goodput.categories().values().stream().reduce(BigInteger.ZERO, BigInteger::add))
                .isEqualTo(goodput.totalSlotNanos())
                .isEqualTo(goodput.elapsedNanos() * goodput.slots());
        assertThat(JobReport.fromJson(report.toJson())).isEqualTo(report);
        assertThat(bench.published(CoordinatorEvent.JobFinished.class)).hasSize(1);
        assertThat(bench.status().jobs().getFirst().phase()).isEqualTo(JobPhase.COMPLETED);
        assertThat(bench.agents.sent).anyMatch(sent -> sent.body().equals("end j1"));
    }

    @Test
    void nothingThatDependsOnARecordIsSentBeforeTheRecordIsDurable() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        // The writes of spec and account are answered, the PREPARING record's is not.
        bench.store.script.addAll(
                List.of(FakeStore.Fate.LANDS, FakeStore.Fate.LANDS, FakeStore.Fate.SILENT));
        bench.submit(job("j1"), false);

        bench.pass(2_000);

        assertThat(bench.agents.bodies(JobSpec.class)).hasSize(1);
        assertThat(bench.agents.bodies(JobEffect.SendPrepareView.class)).isEmpty();
    }

    @Test
    void anUnknownWriteIsReadAgainBeforeAnythingDependsOnIt() {
        bench.lead(1);
        bench.store.script.add(FakeStore.Fate.LANDS_UNKNOWN);
        var answer = new ArrayList<SubmitOutcome>();
        bench.give(new CoordinatorInput.Submit(job("j1"), false, answer::add));
        assertThat(answer).isEmpty();

        bench.pass(1_000);

        assertThat(answer).containsExactly(new SubmitOutcome.Accepted("j1"));
        assertThat(bench.store.verified).isEqualTo(1);
        assertThat(bench.store.written).filteredOn(StoreRecord.Spec.class::isInstance).hasSize(1);
    }

    @Test
    void aWriteThatDidNotLandIsWrittenAgain() {
        bench.lead(1);
        bench.store.script.add(FakeStore.Fate.LOST_UNKNOWN);
        bench.submit(job("j1"), false);
        assertThat(bench.store.records).isEmpty();

        bench.pass(1_000);

        assertThat(bench.store.records).containsKey("j1/SPEC");
        assertThat(bench.status().jobs()).hasSize(1);
    }

    @Test
    void accountsAreNotWrittenPerStep() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", ONE, 100_000), false);
        bench.pass(9_000);

        long steps = bench.status().jobs().getFirst().completedStep();
        long accounts =
                bench.store.written.stream().filter(StoreRecord.Account.class::isInstance).count();
        assertThat(steps).isGreaterThan(1_000);
        assertThat(accounts).isBetween(2L, 4L);
    }

    // ------------------------------------------------------------------ submissions

    @Test
    void submittingTheSameJobAgainAnswersTheSameAndStartsNothing() {
        bench.lead(1);
        SubmitOutcome first = bench.submit(job("j1"), false);
        SubmitOutcome second = bench.submit(job("j1"), false);

        assertThat(second).isEqualTo(first).isEqualTo(new SubmitOutcome.Accepted("j1"));
        assertThat(bench.published(CoordinatorEvent.JobSubmitted.class)).hasSize(1);
    }

    @Test
    void theSameIdWithAnotherSpecIsRefused() {
        bench.lead(1);
        bench.submit(job("j1"), false);

        assertThat(bench.submit(Bench.spec("j1", ONE, 21), false))
                .isInstanceOfSatisfying(
                        SubmitOutcome.Refused.class,
                        refused -> assertThat(refused.reason()).contains("taken by another job"));
    }

    @Test
    void bothOfTwoEqualSubmissionsAreAnsweredWhenTheRecordIsDurable() {
        bench.lead(1);
        bench.store.script.add(FakeStore.Fate.LANDS_UNKNOWN);
        var answers = new ArrayList<SubmitOutcome>();
        bench.give(new CoordinatorInput.Submit(job("j1"), false, answers::add));
        bench.give(new CoordinatorInput.Submit(job("j1"), false, answers::add));
        assertThat(answers).isEmpty();

        bench.pass(1_000);

        assertThat(answers)
                .containsExactly(
                        new SubmitOutcome.Accepted("j1"), new SubmitOutcome.Accepted("j1"));
    }

    @Test
    void aSecondJobIsRefusedOrQueuedAsAsked() {
        bench.lead(1);
        bench.submit(job("j1"), false);

        assertThat(bench.submit(job("j2"), false))
                .isInstanceOfSatisfying(
                        SubmitOutcome.Refused.class,
                        refused -> assertThat(refused.reason()).contains("job j1 is running"));
        assertThat(bench.submit(job("j2"), true)).isEqualTo(new SubmitOutcome.Queued("j2", 1));
        assertThat(bench.submit(job("j3"), true)).isEqualTo(new SubmitOutcome.Queued("j3", 2));
    }

    @Test
    void queuedJobsRunInOrderOfSubmission() {
        bench.lead(1);
        bench.submit(job("j1"), false);
        bench.submit(job("j2"), true);
        bench.submit(job("j3"), true);
        bench.attach(Bench.agent(1));

        bench.pass(30_000);

        assertThat(bench.published(CoordinatorEvent.JobFinished.class))
                .extracting(CoordinatorEvent.JobFinished::job)
                .containsExactly("j1", "j2", "j3");
    }

    @Test
    void anEmptyIdIsChosenFromNameTermAndOrder() {
        bench.lead(4);

        assertThat(bench.submit(job(""), false))
                .isEqualTo(new SubmitOutcome.Accepted("digits-4-1"));
    }

    @Test
    void anIdThatCannotBeAPathIsRefused() {
        bench.lead(1);

        assertThat(bench.submit(job("../x"), false)).isInstanceOf(SubmitOutcome.Refused.class);
    }

    @Test
    void aQueuedJobIsCancelledAndTheRunningOneGoesOn() {
        bench.lead(1);
        bench.submit(job("j1"), false);
        bench.submit(job("j2"), true);

        assertThat(bench.cancel("j2")).isEqualTo(new CancelOutcome.Cancelled("j2"));
        assertThat(bench.cancel("j2")).isEqualTo(new CancelOutcome.Cancelled("j2"));
        assertThat(bench.cancel("nobody")).isInstanceOf(CancelOutcome.Refused.class);
        assertThat(bench.status().jobs())
                .extracting(status -> status.jobId() + " " + status.phase())
                .containsExactly("j1 WAITING", "j2 CANCELLED");
    }

    @Test
    void theRunningJobIsCancelledAndItsReportSaysSo() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", ONE, 1_000_000), false);
        List<JobReport> reports = bench.awaitResult("j1");
        bench.pass(1_000);

        assertThat(bench.cancel("j1")).isEqualTo(new CancelOutcome.Cancelled("j1"));
        bench.pass(1_000);

        assertThat(reports).hasSize(1);
        assertThat(reports.getFirst().completed()).isFalse();
        assertThat(bench.status().jobs().getFirst().phase()).isEqualTo(JobPhase.CANCELLED);
    }

    // ------------------------------------------------------------------ leadership

    @Test
    void aStandbyRejectsAgentsAndSubmissions() {
        bench.attach(Bench.agent(1));

        assertThat(bench.agents.bodies(RecordingAgents.Ended.class))
                .singleElement()
                .satisfies(ended -> assertThat(ended.retry()).isTrue());
        assertThat(bench.submit(job("j1"), false)).isInstanceOf(SubmitOutcome.Refused.class);
    }

    @Test
    void aRefusedWriteDeposes() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.store.depose();

        SubmitOutcome outcome = bench.submit(job("j1"), false);

        assertThat(outcome).isInstanceOf(SubmitOutcome.Refused.class);
        assertThat(bench.resigned).hasSize(1);
        assertThat(bench.status().leading()).isFalse();
        assertThat(bench.status().agents()).isEmpty();
        assertThat(bench.core.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aNewLeaderKnowsEndedJobsAndRunsThoseThatNeverBegan() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.submit(job("j1"), false);
        bench.pass(10_000);
        var result = bench.store.newest(StoreRecord.Result.class);
        var ended = new StoredJob(new StoreRecord.Spec(job("j1"), 1), null, null, result);
        var waiting = new StoredJob(new StoreRecord.Spec(job("j2"), 2), null, null, null);

        var next = new Bench();
        next.lead(2, ended, waiting);
        next.attach(Bench.agent(1));
        next.pass(10_000);

        assertThat(next.awaitResult("j1").getFirst().completed()).isTrue();
        assertThat(next.submit(job("j1"), false)).isEqualTo(new SubmitOutcome.Accepted("j1"));
        assertThat(next.awaitResult("j2").getFirst().completed()).isTrue();
    }

    @Test
    void aNewLeaderNeverRestartsARunningJobSilently() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", ONE, 1_000_000), false);
        bench.pass(6_000);
        var stored =
                new StoredJob(
                        new StoreRecord.Spec(Bench.spec("j1", ONE, 1_000_000), 1),
                        bench.store.newest(StoreRecord.ViewRecord.class),
                        Objects.requireNonNull(bench.store.newest(StoreRecord.Account.class)),
                        null);

        var next = new Bench();
        next.lead(2, stored);

        next.attach(Bench.agent(2));
        assertThat(next.status().jobs().getFirst().phase()).isEqualTo(JobPhase.RECOVERING);
        next.pass(5_000);

        assertThat(next.published(CoordinatorEvent.JobTakenOver.class))
                .singleElement()
                .satisfies(taken -> {
                    assertThat(taken.adopted()).isFalse();
                    assertThat(taken.reason()).contains("agent-1").contains("did not attach");
                });
        assertThat(next.published(CoordinatorEvent.ViewActivated.class)).isEmpty();
        assertThat(next.published(CoordinatorEvent.JobFinished.class).getFirst().reason())
                .contains("state is lost for good");
        assertThat(next.submit(Bench.spec("j1", ONE, 1_000_000), false))
                .isEqualTo(new SubmitOutcome.Accepted("j1"));
    }

    @Test
    void theLeadIsHandedOverOnRequest() {
        var answers = new ArrayList<HandOverOutcome>();
        bench.give(new CoordinatorInput.HandOver(answers::add));
        assertThat(answers.removeFirst()).isInstanceOf(HandOverOutcome.Refused.class);

        bench.lead(3);
        bench.give(new CoordinatorInput.StoreSuspended("SUSPENDED"));
        bench.give(new CoordinatorInput.HandOver(answers::add));
        assertThat(answers.removeFirst())
                .isEqualTo(
                        new HandOverOutcome.Refused(
                                "ZooKeeper is out of reach: nobody could take the lead"));
        bench.give(new CoordinatorInput.StoreResumed());
        bench.give(new CoordinatorInput.HandOver(answers::add));

        assertThat(answers).containsExactly(new HandOverOutcome.HandedOver(3));
        assertThat(bench.published(CoordinatorEvent.LeadershipLost.class).getFirst().reason())
                .contains("handed over");
        assertThat(bench.status().term()).isZero();
    }

    @Test
    void withoutTheStoreStepsGoOnAndLossesWait() {
        bench.lead(1);
        long stream = bench.attach(Bench.agent(1));
        bench.submit(Bench.spec("j1", ONE, 1_000_000), false);
        bench.pass(1_000);
        long before = bench.status().jobs().getFirst().completedStep();
        bench.give(new CoordinatorInput.StoreSuspended("SUSPENDED"));
        int fences = bench.agents.bodies(JobEffect.SendFence.class).size();

        bench.give(
                new CoordinatorInput.AgentSaid(
                        stream, 0, new AgentWord.Heartbeat(9, -1, 0, "idle", 0, List.of(), 0)));
        bench.pass(500);
        long during = bench.status().jobs().getFirst().completedStep();
        assertThat(during).isGreaterThan(before);
        assertThat(bench.agents.sent).anyMatch(sent -> sent.body().equals("reply 9"));

        bench.agents.steps = false;
        bench.give(new CoordinatorInput.StreamClosed(stream, "reset"));
        refuse();
        JobPhase held = bench.status().jobs().getFirst().phase();
        bench.give(new CoordinatorInput.StoreResumed());

        assertThat(held).isEqualTo(JobPhase.ACTIVE);
        assertThat(bench.agents.bodies(JobEffect.SendFence.class)).hasSize(fences);
        assertThat(bench.status().jobs().getFirst().phase()).isNotEqualTo(JobPhase.ACTIVE);
    }

    // ------------------------------------------------------------------ agents

    private void refuse() {
        RecordingAgents.Dialled dial = bench.agents.dials.getLast();
        bench.give(
                new CoordinatorInput.DialAnswered(
                        dial.agent().key(), dial.dial(), DialResult.REFUSED, "refused"));
    }

    @Test
    void aBrokenStreamIsDialledAndARefusedDialIsTheVerdict() {
        bench.lead(1);
        long stream = bench.attach(Bench.agent(1));
        bench.give(new CoordinatorInput.StreamClosed(stream, "reset"));
        assertThat(bench.published(CoordinatorEvent.AgentLost.class)).isEmpty();
        assertThat(bench.status().agents().getFirst().state()).isEqualTo("suspect");

        refuse();

        assertThat(bench.published(CoordinatorEvent.AgentLost.class)).hasSize(1);
        assertThat(bench.status().agents()).isEmpty();
    }

    @Test
    void anotherIncarnationReplacesTheFirstAndTheOldStreamIsDeaf() {
        bench.lead(1);
        long old = bench.attach(Bench.agent(1, 'a'));
        bench.attach(Bench.agent(1, 'b'));
        bench.agents.sent.clear();

        bench.give(
                new CoordinatorInput.AgentSaid(
                        old, 0, new AgentWord.Heartbeat(1, -1, 0, "idle", 0, List.of(), 0)));

        assertThat(bench.agents.sent).isEmpty();
        assertThat(bench.published(CoordinatorEvent.AgentLost.class))
                .extracting(CoordinatorEvent.AgentLost::incarnation)
                .containsExactly("a".repeat(32));
        assertThat(bench.status().agents())
                .extracting(agent -> agent.incarnation())
                .containsExactly("b".repeat(32));
    }

    @Test
    void aGhostsRegistrationChangesNothing() {
        bench.lead(1);
        bench.attach(Bench.agent(1, 'b'));

        bench.give(new CoordinatorInput.AgentUnregistered(Bench.agent(1, 'a').key()));

        assertThat(bench.status().agents()).hasSize(1);
        assertThat(bench.published(CoordinatorEvent.AgentLost.class)).isEmpty();
    }

    @Test
    void aSilentAgentIsLost() {
        bench.lead(1);
        bench.attach(Bench.agent(1));
        bench.agents.heartbeats = false;

        bench.pass(2_500);

        assertThat(bench.published(CoordinatorEvent.AgentLost.class)).hasSize(1);
    }

    @Test
    void anAgentWithStateOfAJobThatIsOverIsToldToFreeIt() {
        bench.lead(1);
        bench.attach(Bench.agent(1), 0, "old-job");

        assertThat(bench.agents.sent).anyMatch(sent -> sent.body().equals("end old-job"));
    }

    @Test
    void afterStopNothingIsDecided() {
        bench.lead(1);
        List<JobReport> reports = bench.awaitResult("j1");
        bench.give(new CoordinatorInput.Stop("closing"));
        bench.agents.sent.clear();

        bench.attach(Bench.agent(1));

        assertThat(reports).hasSize(1);
        assertThat(bench.agents.sent).isEmpty();
        assertThat(bench.core.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void theCoreBelongsToOneThread() throws Exception {
        bench.lead(1);
        var other =
                new FutureTask<Void>(() -> {
                    bench.core.advance(bench.now);
                    return null;
                });
        Thread.ofPlatform().start(other);

        assertThatThrownBy(other::get).hasCauseInstanceOf(IllegalStateException.class);
    }
}
