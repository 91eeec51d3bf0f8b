package io.coxswain.coordinator;

import io.coxswain.coordinator.app.AgentQuestion;
import io.coxswain.coordinator.app.CoordinatorCalls;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.app.CoordinatorLoop;
import io.coxswain.coordinator.app.EventLog;
import io.coxswain.coordinator.app.Explanation;
import io.coxswain.coordinator.app.Looked;
import io.coxswain.coordinator.app.PictureBoard;
import io.coxswain.coordinator.core.maintenance.MaintenanceBook;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.picture.Picture;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** The questions that wait for the loop. Thread-safe. */
final class Calls implements CoordinatorCalls {
    private final CoordinatorLoop loop;
    private final EventLog events;
    private final PictureBoard board;
    private final Executor answers;
    private final Supplier<IllegalStateException> stopped;
    private final TraceLookup traces;
    private final String instance = UUID.randomUUID().toString();
    private final Map<Long, CompletableFuture<?>> open = new ConcurrentHashMap<>();
    private final AtomicLong next = new AtomicLong();
    // No question asked from now on is answered by the loop.
    private volatile boolean drained;

    /**
     * @param answers where whoever waits for an answer runs
     * @param stopped what those are told whom nobody answers any more
     */
    Calls(
            CoordinatorLoop loop,
            EventLog events,
            PictureBoard board,
            Executor answers,
            Supplier<IllegalStateException> stopped,
            TraceLookup traces) {
        this.loop = loop;
        this.events = events;
        this.board = board;
        this.answers = answers;
        this.stopped = stopped;
        this.traces = traces;
    }

    @Override
    public CompletableFuture<SubmitOutcome> submit(JobSpec job, boolean queue) {
        return ask(answer -> new CoordinatorInput.Submit(job, queue, answer));
    }

    @Override
    public CompletableFuture<CancelOutcome> cancel(String jobId) {
        return ask(answer -> new CoordinatorInput.Cancel(jobId, "on request", answer));
    }

    @Override
    public CompletableFuture<HandOverOutcome> handOver() {
        return ask(CoordinatorInput.HandOver::new);
    }

    @Override
    public CompletableFuture<PauseOutcome> pause(String jobId, String reason) {
        return ask(answer -> new CoordinatorInput.Pause(jobId, reason, answer));
    }

    @Override
    public CompletableFuture<PauseOutcome> resume(String jobId) {
        return ask(answer -> new CoordinatorInput.Resume(jobId, answer));
    }

    @Override
    public CompletableFuture<MaintenanceOutcome> maintain(
            MaintenanceBook.Word word, boolean absent) {
        return ask(answer -> new CoordinatorInput.Maintain(word, absent, answer));
    }

    @Override
    public CompletableFuture<CoordinatorStatus> status() {
        return ask(CoordinatorInput.AskStatus::new);
    }

    @Override
    public CompletableFuture<JobIncidents> incidents(String jobId) {
        return this.<@Nullable Supplier<JobIncidents>>ask(
                        answer -> new CoordinatorInput.AskIncidents(jobId, answer))
                .thenApply(told -> {
                    if (told == null) {
                        throw new NoSuchElementException(
                                jobId.isEmpty()
                                        ? "no job runs or has ended here"
                                        : "there is no job " + jobId);
                    }
                    return told.get();
                });
    }

    @Override
    public CompletableFuture<Looked> look(
            String jobId, String agentId, int rank, AgentQuestion question) {
        return ask(answer -> new CoordinatorInput.Look(jobId, agentId, rank, question, answer));
    }

    @Override
    public CompletableFuture<Explanation> explain(String jobId, int incident) {
        return ask(answer -> new CoordinatorInput.Explain(jobId, incident, answer));
    }

    /** {@code closed}: whoever is not answered is told that this coordinator closed. */
    CompletableFuture<JobReport> result(String jobId, BooleanSupplier closed) {
        return this.<@Nullable JobReport>ask(
                        answer -> new CoordinatorInput.AwaitResult(jobId, answer))
                .thenApply(report -> {
                    if (report != null) {
                        return report;
                    }
                    if (closed.getAsBoolean()) {
                        throw stopped.get();
                    }
                    throw new NoSuchElementException(
                            "no report of job " + jobId + ": there is no such job");
                });
    }

    @Override
    public Picture picture() {
        return board.picture();
    }

    @Override
    public String leaderElsewhere() {
        return board.leaderElsewhere();
    }

    @Override
    public String instance() {
        return instance;
    }

    @Override
    public TraceLookup traces() {
        return traces;
    }

    @Override
    public long nextSequence() {
        return events.lastSequence() + 1;
    }

    @Override
    public Subscription listen(long fromSequence, CoordinatorListener listener) {
        return events.listen(fromSequence, listener);
    }

    <T extends @Nullable Object> CompletableFuture<T> ask(
            Function<Consumer<T>, CoordinatorInput> question) {
        var future = new CompletableFuture<T>();
        long number = next.getAndIncrement();
        open.put(number, future);
        loop.offer(
                question.apply(answer ->
                        answers.execute(() -> {
                            open.remove(number);
                            future.complete(answer);
                        })));
        if (drained) {
            abandon();
        }
        return future;
    }

    /** The loop answers no more. */
    void drained() {
        drained = true;
        abandon();
    }

    private void abandon() {
        for (Long number : List.copyOf(open.keySet())) {
            CompletableFuture<?> future = open.remove(number);
            if (future != null) {
                future.completeExceptionally(stopped.get());
            }
        }
    }
}
