package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorListener;
import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.HandOverOutcome;
import io.coxswain.coordinator.JobIncidents;
import io.coxswain.coordinator.MaintenanceOutcome;
import io.coxswain.coordinator.PauseOutcome;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.Subscription;
import io.coxswain.coordinator.TraceLookup;
import io.coxswain.coordinator.app.AgentQuestion;
import io.coxswain.coordinator.app.CoordinatorCalls;
import io.coxswain.coordinator.app.EventLog;
import io.coxswain.coordinator.app.Evidence;
import io.coxswain.coordinator.app.EvidencePiece;
import io.coxswain.coordinator.app.Explanation;
import io.coxswain.coordinator.app.Looked;
import io.coxswain.coordinator.app.ProgramWord;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook;
import io.coxswain.coordinator.core.maintenance.MaintenanceState;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.picture.Picture;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;

/** Answers of a coordinator that is not there. */
final class FakeCalls implements CoordinatorCalls {
    final EventLog events = new EventLog(100, () -> 0);
    volatile String elsewhere = "";

    void publish(String job) {
        events.publish(new CoordinatorEvent.JobWaiting(job, "for agents"), 0, 1, job, 0, 0);
    }

    @Override
    public CompletableFuture<SubmitOutcome> submit(JobSpec job, boolean queue) {
        return CompletableFuture.completedFuture(
                queue
                        ? new SubmitOutcome.Queued(job.jobId(), 2)
                        : new SubmitOutcome.Accepted(job.jobId()));
    }

    @Override
    public CompletableFuture<MaintenanceOutcome> maintain(
            MaintenanceBook.Word word, boolean absent) {
        return CompletableFuture.completedFuture(
                word instanceof MaintenanceBook.Word.Healthy
                        ? new MaintenanceOutcome.Refused("no agent " + word.agent())
                        : new MaintenanceOutcome.Accepted(
                                new CoordinatorStatus.Maintenance(
                                        word.agent(),
                                        MaintenanceState.DRAINING,
                                        List.of("operator"),
                                        word.toString(),
                                        "no spare",
                                        true,
                                        absent ? 1 : 0)));
    }

    @Override
    public CompletableFuture<CancelOutcome> cancel(String jobId) {
        return CompletableFuture.completedFuture(
                new CancelOutcome.Refused("there is no job " + jobId));
    }

    @Override
    public CompletableFuture<HandOverOutcome> handOver() {
        return CompletableFuture.completedFuture(new HandOverOutcome.HandedOver(7));
    }

    @Override
    public CompletableFuture<PauseOutcome> pause(String jobId, String reason) {
        return CompletableFuture.completedFuture(new PauseOutcome.Paused(jobId, 48, false));
    }

    @Override
    public CompletableFuture<PauseOutcome> resume(String jobId) {
        return CompletableFuture.completedFuture(
                new PauseOutcome.Refused("there is no job " + jobId));
    }

    @Override
    public String leaderElsewhere() {
        return elsewhere;
    }

    @Override
    public CompletableFuture<CoordinatorStatus> status() {
        return CompletableFuture.completedFuture(
                new CoordinatorStatus("c1", 4, true, List.of(), List.of()));
    }

    @Override
    public CompletableFuture<Looked> look(
            String jobId, String agentId, int rank, AgentQuestion question) {
        return CompletableFuture.completedFuture(
                new Looked(
                        "",
                        agentId.isEmpty() ? "of rank " + rank : agentId,
                        rank,
                        "h",
                        "/logs",
                        List.of(
                                new EvidencePiece(
                                        "log",
                                        "worker.log",
                                        question.toString().getBytes(StandardCharsets.UTF_8),
                                        1)),
                        new ProgramWord.LogPlace(2, 3),
                        4));
    }

    @Override
    public CompletableFuture<Explanation> explain(String jobId, int incident) {
        return CompletableFuture.completedFuture(
                new Explanation(
                        "",
                        jobId,
                        incident,
                        "{}",
                        "{}",
                        List.of(new Evidence(incident, "a", 1, 2, "why", 0, List.of())),
                        Map.of("java", "25"),
                        List.of("a")));
    }

    @Override
    public CompletableFuture<JobIncidents> incidents(String jobId) {
        return jobId.equals("j1")
                ? CompletableFuture.completedFuture(new JobIncidents("j1", List.of()))
                : CompletableFuture.failedFuture(
                        new NoSuchElementException("there is no job " + jobId));
    }

    @Override
    public String instance() {
        return "i1";
    }

    @Override
    public TraceLookup traces() {
        return TraceLookup.NONE;
    }

    @Override
    public Picture picture() {
        return Picture.none("c1", 5);
    }

    @Override
    public long nextSequence() {
        return events.lastSequence() + 1;
    }

    @Override
    public Subscription listen(long fromSequence, CoordinatorListener listener) {
        return events.listen(fromSequence, listener);
    }
}
