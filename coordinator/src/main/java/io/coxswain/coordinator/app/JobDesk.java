package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.CoordinatorStatus.JobPhase;
import io.coxswain.coordinator.JobIncidents;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.Takeover;
import io.coxswain.coordinator.core.keyvalue.KeyValueStore;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Submissions, the queue, the one running job, and those that ended. A submission is answered when
 * its record is durable. Owned by the decision loop.
 */
final class JobDesk {
    private static final Pattern JOB_ID = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}");
    private static final String CANCELLED = "cancelled";

    private final CoordinatorSettings settings;
    private final JobRun.Context context;
    private final JobBook book;
    private final Map<String, List<Consumer<SubmitOutcome>>> submitters = new LinkedHashMap<>();
    private final Map<String, List<Consumer<@Nullable JobReport>>> waiters = new LinkedHashMap<>();
    // Ended without having run; their result is on its way to the store.
    private final Map<String, JobSpec> abandoned = new LinkedHashMap<>();
    private final TakeoverDesk takeovers;
    private final PauseDesk pauses;
    private final HistoryDesk history;
    // Who cancelled a job is answered when its end is durable.
    private final Map<String, List<Consumer<CancelOutcome>>> cancellers = new LinkedHashMap<>();
    private @Nullable JobRun run;
    private boolean suspended;

    JobDesk(CoordinatorSettings settings, JobRun.Context context) {
        this.settings = settings;
        this.context = context;
        this.book = new JobBook(settings.history().jobs());
        this.history = new HistoryDesk(settings.history(), context, book);
        this.takeovers = new TakeoverDesk(settings, context);
        this.pauses = new PauseDesk(this, settings.coordinatorId(), context);
    }

    PauseDesk pauses() {
        return pauses;
    }

    HistoryDesk history() {
        return history;
    }

    JobBook book() {
        return book;
    }

    @Nullable JobRun run() {
        return run;
    }

    /** The job that runs, or is being taken over. */
    @Nullable JobSpec current() {
        Takeover under = takeovers.current();
        return run != null ? run.spec() : under == null ? null : under.spec();
    }

    private boolean isCurrent(String jobId) {
        JobSpec job = current();
        return job != null && job.jobId().equals(jobId);
    }

    /** A job that another leader ran and whose agents are awaited; null when there is none. */
    @Nullable Takeover takeover() {
        return takeovers.current();
    }

    int waiting() {
        return book.waiting().size();
    }

    /** Those that wait, in order. */
    Collection<JobBook.Waiting> queue() {
        return book.waiting();
    }

    // ------------------------------------------------------------------ submissions

    void submit(CoordinatorInput.Submit submit, boolean leads) {
        Consumer<SubmitOutcome> answer = submit.answer();
        if (!leads) {
            answer.accept(
                    new SubmitOutcome.Refused(
                            "coordinator "
                                    + settings.coordinatorId()
                                    + " does not lead: submit to the one in /controller/leader"));
            return;
        }
        JobSpec job = submit.job();
        if (!job.jobId().isEmpty() && !JOB_ID.matcher(job.jobId()).matches()) {
            answer.accept(
                    new SubmitOutcome.Refused(
                            "job id '"
                                    + job.jobId()
                                    + "' is not of 1 to 64 of the characters A-Z a-z 0-9 . _ -,"
                                    + " the first not a dot"));
            return;
        }
        JobSpec known = job.jobId().isEmpty() ? null : specOf(job.jobId());
        if (known != null) {
            again(job, known, answer);
            return;
        }
        String refusal = refusal(submit.queue());
        if (refusal != null) {
            answer.accept(new SubmitOutcome.Refused(refusal));
            return;
        }
        long order = book.takeOrder();
        JobSpec named =
                job.jobId().isEmpty()
                        ? JobIds.withId(job, JobIds.choose(job, context.term(), order))
                        : job;
        var waiting = new JobBook.Waiting(named, order, false);
        book.enqueue(waiting);
        submitters.computeIfAbsent(named.jobId(), _ -> new ArrayList<>()).add(answer);
        context.persist(new StoreRecord.Spec(named, order), () -> recorded(waiting));
    }

    private void again(JobSpec job, JobSpec known, Consumer<SubmitOutcome> answer) {
        if (!job.equals(known)) {
            answer.accept(
                    new SubmitOutcome.Refused(
                            "job id '"
                                    + job.jobId()
                                    + "' is taken by another job: choose another id, or submit the"
                                    + " same job to ask for the same again"));
        } else if (submitters.containsKey(job.jobId())) {
            submitters.computeIfAbsent(job.jobId(), _ -> new ArrayList<>()).add(answer);
        } else {
            answer.accept(accepted(job.jobId()));
        }
    }

    private @Nullable String refusal(boolean queue) {
        JobSpec running = current();
        JobBook.Waiting next = book.next();
        JobSpec other = running != null || next == null ? running : next.spec;
        if (!queue && other != null) {
            return "job "
                    + other.jobId()
                    + " is running: one job runs at a time; ask for it to be queued, or wait for or"
                    + " cancel the other";
        }
        return book.waiting().size() >= settings.queuedJobs()
                ? "the queue holds " + settings.queuedJobs() + " jobs, which is the most it takes"
                : null;
    }

    private @Nullable JobSpec specOf(String jobId) {
        if (isCurrent(jobId)) {
            return current();
        }
        JobBook.Waiting waiting = book.waiting(jobId);
        if (waiting != null) {
            return waiting.spec;
        }
        JobBook.Ended ended = book.ended(jobId);
        return ended == null ? abandoned.get(jobId) : ended.spec();
    }

    private SubmitOutcome accepted(String jobId) {
        int position = book.position(jobId);
        return position == 0
                ? new SubmitOutcome.Accepted(jobId)
                : new SubmitOutcome.Queued(jobId, position);
    }

    private void recorded(JobBook.Waiting job) {
        job.recorded = true;
        String jobId = job.spec.jobId();
        context.publish(new CoordinatorEvent.JobSubmitted(jobId, job.spec.name()), jobId, 0, 0);
        startNext();
        SubmitOutcome outcome = accepted(jobId);
        if (outcome instanceof SubmitOutcome.Queued(String _, int position)) {
            context.publish(new CoordinatorEvent.JobQueued(jobId, position), jobId, 0, 0);
        }
        List<Consumer<SubmitOutcome>> answers = submitters.remove(jobId);
        if (answers != null) {
            answers.forEach(answer -> answer.accept(outcome));
        }
    }

    // ------------------------------------------------------------------ cancel, results

    void cancel(CoordinatorInput.Cancel cancel, boolean leads) {
        String jobId = cancel.jobId();
        JobBook.Waiting waits = book.waiting(jobId);
        if (!leads) {
            cancel.answer()
                    .accept(
                            new CancelOutcome.Refused(
                                    "coordinator " + settings.coordinatorId() + " does not lead"));
        } else if (isCurrent(jobId)) {
            awaitEnd(cancel);
            tell(new JobEvent.CancelRequested(cancel.reason()));
        } else if (waits != null && waits.recorded) {
            book.removeWaiting(jobId);
            awaitEnd(cancel);
            abandon(waits.spec, CANCELLED + ": " + cancel.reason());
        } else if (isCancelled(jobId)) {
            // Who asks again may have lost the answer.
            cancel.answer().accept(new CancelOutcome.Cancelled(jobId));
        } else {
            cancel.answer()
                    .accept(
                            new CancelOutcome.Refused(
                                    book.ended(jobId) != null
                                            ? "job " + jobId + " is over already"
                                            : "there is no job " + jobId));
        }
    }

    private void awaitEnd(CoordinatorInput.Cancel cancel) {
        cancellers.computeIfAbsent(cancel.jobId(), _ -> new ArrayList<>()).add(cancel.answer());
    }

    private boolean isCancelled(String jobId) {
        JobBook.Ended ended = book.ended(jobId);
        return ended != null && ended.phase() == JobPhase.CANCELLED;
    }

    void awaitResult(CoordinatorInput.AwaitResult await, boolean leads) {
        JobBook.Ended ended = book.ended(await.jobId());
        if (ended != null) {
            await.answer().accept(ended.report());
        } else if (!leads || specOf(await.jobId()) != null) {
            // A standby knows no jobs: whoever asks is answered when it leads.
            waiters.computeIfAbsent(await.jobId(), _ -> new ArrayList<>()).add(await.answer());
        } else {
            await.answer().accept(null);
        }
    }

    // A job that never ran here ends with an empty account.
    private void abandon(JobSpec spec, String reason) {
        abandoned.put(spec.jobId(), spec);
        JobReport report = Reports.neverRan(spec, settings.environment());
        context.persist(
                new StoreRecord.Result(spec.jobId(), false, reason, report.toJson()),
                () -> {
                    abandoned.remove(spec.jobId());
                    context.publish(
                            new CoordinatorEvent.JobFinished(spec.jobId(), false, reason, ""),
                            spec.jobId(),
                            0,
                            0);
                    ended(new JobBook.Ended(spec, phaseOf(false, reason), reason, report, null));
                });
    }

    private void ended(JobBook.Ended job) {
        book.end(job);
        pauses.ended(job.spec().jobId());
        history.ended(job.spec().jobId());
        List<Consumer<@Nullable JobReport>> waiting = waiters.remove(job.spec().jobId());
        if (waiting != null) {
            waiting.forEach(answer -> answer.accept(job.report()));
        }
        List<Consumer<CancelOutcome>> asked = cancellers.remove(job.spec().jobId());
        if (asked != null) {
            String jobId = job.spec().jobId();
            CancelOutcome outcome =
                    job.phase() == JobPhase.CANCELLED
                            ? new CancelOutcome.Cancelled(jobId)
                            : new CancelOutcome.Refused("job " + jobId + " is over already");
            asked.forEach(answer -> answer.accept(outcome));
        }
    }

    private static JobPhase phaseOf(boolean completed, String reason) {
        if (completed) {
            return JobPhase.COMPLETED;
        }
        return reason.startsWith(CANCELLED) ? JobPhase.CANCELLED : JobPhase.FAILED;
    }

    // ------------------------------------------------------------------ the running job

    private void startNext() {
        JobBook.Waiting next = book.next();
        if (run != null
                || takeovers.current() != null
                || suspended
                || next == null
                || !next.recorded) {
            return;
        }
        book.removeWaiting(next.spec.jobId());
        if (takeovers.begins(next)) {
            return;
        }
        long now = context.nowNanos();
        var machine = JobMachine.submitted(next.spec, 1, settings.jobLimits(), now);
        var started = new JobRun(next.spec, next.order, settings, context, machine, now);
        run = started;
        started.open(context.nowNanos());
        for (AgentProfile agent : context.attached()) {
            started.feed(new JobEvent.AgentAttached(agent, Inventory.EMPTY), context.nowNanos());
        }
    }

    // Without the store nothing is decided: a view goes on by what was granted.
    private void decide() {
        if (!suspended && takeovers.isDue()) {
            takeovers.end(taken -> run = taken);
        }
    }

    /** An agent attached; what it holds of the current job comes with it. */
    void attached(CoordinatorInput.AgentAttached attached) {
        boolean ofJob = isCurrent(attached.jobId());
        if (run != null) {
            tell(
                    new JobEvent.AgentAttached(
                            attached.agent(), ofJob ? attached.inventory() : Inventory.EMPTY));
        } else {
            takeovers.attached(attached, ofJob);
        }
    }

    /** What an agent said of a job. */
    void heard(String jobId, JobEvent event) {
        if (isCurrent(jobId)) {
            tell(event);
        }
    }

    /** The current job hears of it, now or as soon as it is taken over. */
    void tell(JobEvent event) {
        if (run != null) {
            run.feed(event, context.nowNanos());
        } else {
            takeovers.heard(event);
        }
    }

    /** An agent tells a job's time as it knows it. */
    void timeTold(AgentKey agent, long jobTimeNanos) {
        takeovers.timeTold(agent, jobTimeNanos);
    }

    /** A worker asks its view's key-value store, which is empty after a takeover. */
    void asked(String jobId, AgentKey agent, KeyValueStore.Ask ask) {
        if (run != null && isCurrent(jobId)) {
            run.keyValues().asked(agent, ask);
        } else if (isCurrent(jobId)) {
            takeovers.asked(agent, ask);
        }
    }

    /** An agent was declared lost. */
    void lost(JobEvent.AgentLost lost) {
        if (run != null) {
            run.keyValues().lost(lost.agent());
            run.feed(lost, context.nowNanos());
        } else {
            takeovers.lost(lost.agent());
        }
    }

    /** After each input: a job that is over makes room for the next. */
    void settle() {
        decide();
        JobRun current = run;
        if (current != null && current.over()) {
            current.farewell(context.nowNanos());
            run = null;
            context.over(current);
            CoordinatorStatus.Job last = current.status();
            ended(
                    new JobBook.Ended(
                            current.spec(),
                            last.phase(),
                            current.endReason(),
                            current.report(),
                            last));
        }
        pauses.settle();
        startNext();
        if (!suspended) {
            history.settle();
        }
    }

    void advance() {
        decide();
        if (run != null) {
            run.advance(context.nowNanos());
        }
    }

    long nextDeadlineNanos() {
        Takeover under = takeovers.current();
        if (under != null) {
            return suspended ? Long.MAX_VALUE : under.deadlineNanos();
        }
        return Math.min(
                Math.min(history.nextDeadlineNanos(), pauses.nextDeadlineNanos()),
                run == null ? Long.MAX_VALUE : run.nextDeadlineNanos());
    }

    void suspend() {
        suspended = true;
        if (run != null) {
            run.suspend();
        }
    }

    void resume() {
        suspended = false;
        if (run != null) {
            run.resume(context.nowNanos());
        }
    }

    // ------------------------------------------------------------------ leadership

    /** Takes over what the store holds. */
    void adopt(List<StoredJob> jobs) {
        suspended = false;
        List<JobBook.Waiting> others = new ArrayList<>();
        for (StoredJob job : jobs) {
            JobSpec spec = job.spec().job();
            book.sawOrder(job.spec().submittedOrder());
            StoreRecord.Result result = job.result();
            if (result != null) {
                ended(
                        new JobBook.Ended(
                                spec,
                                phaseOf(result.completed(), result.reason()),
                                result.reason(),
                                reportOf(result),
                                null));
                history.ended(spec.jobId(), job.endedMillis());
            } else {
                takeovers.found(job);
                var waiting = new JobBook.Waiting(spec, job.spec().submittedOrder(), true);
                if (FoundJobs.ran(job)) {
                    // It may have passed older ones that were held; its state is with the agents.
                    book.enqueue(waiting);
                } else {
                    waiting.hold.inherit(FoundJobs.pause(job));
                    others.add(waiting);
                }
            }
        }
        others.forEach(book::enqueue);
        for (String jobId : List.copyOf(waiters.keySet())) {
            List<Consumer<@Nullable JobReport>> waiting = waiters.get(jobId);
            if (waiting != null && specOf(jobId) == null) {
                waiters.remove(jobId);
                waiting.forEach(answer -> answer.accept(null));
            }
        }
        startNext();
    }

    private static @Nullable JobReport reportOf(StoreRecord.Result result) {
        try {
            return JobReport.fromJson(result.reportJson());
        } catch (IllegalArgumentException unreadable) {
            return null;
        }
    }

    /** The term is over. Who waits for a result goes on waiting: it may come in a later term. */
    void clear() {
        run = null;
        takeovers.clear();
        suspended = false;
        book.clear();
        abandoned.clear();
        pauses.clear();
        history.clear();
        var asked = new LinkedHashMap<>(cancellers);
        cancellers.clear();
        asked.forEach((jobId, answers) ->
                answers.forEach(answer ->
                        answer.accept(
                                new CancelOutcome.Refused(
                                        "leadership was lost before it was known whether job "
                                                + jobId
                                                + " is cancelled: ask the leader again"))));
        var unanswered = new LinkedHashMap<>(submitters);
        submitters.clear();
        unanswered.forEach((jobId, answers) ->
                answers.forEach(answer ->
                        answer.accept(
                                new SubmitOutcome.Refused(
                                        "leadership was lost before it was known"
                                                + " whether job "
                                                + jobId
                                                + " is recorded: submit it again"
                                                + " with the same id"))));
    }

    /** No more answers will come. */
    void stop() {
        waiters.values().forEach(answers -> answers.forEach(answer -> answer.accept(null)));
        waiters.clear();
    }

    /** What interrupted that job, or for an empty id the newest; null when there is no such job. */
    @Nullable Supplier<JobIncidents> incidents(String jobId) {
        JobRun current = run;
        if (current != null && (jobId.isEmpty() || jobId.equals(current.jobId()))) {
            return current.incidentReports();
        }
        List<JobBook.Ended> over = book.endedJobs();
        JobBook.Ended ended =
                !jobId.isEmpty() ? book.ended(jobId) : over.isEmpty() ? null : over.getFirst();
        if (ended == null) {
            return book.waiting(jobId) == null ? null : () -> new JobIncidents(jobId, List.of());
        }
        JobReport report = ended.report();
        return () ->
                new JobIncidents(
                        ended.spec().jobId(), report == null ? List.of() : report.incidents());
    }

    List<CoordinatorStatus.Job> statuses() {
        var jobs = new ArrayList<CoordinatorStatus.Job>();
        Takeover under = takeovers.current();
        if (run != null) {
            jobs.add(run.status());
        } else if (under != null) {
            jobs.add(
                    idle(
                            under.spec(),
                            JobPhase.RECOVERING,
                            "a new leader waits for " + under.missing() + " members of its view",
                            null));
        }
        for (JobBook.Waiting job : book.waiting()) {
            boolean held = job.hold.holds();
            jobs.add(
                    idle(
                            job.spec,
                            held ? JobPhase.PAUSED : JobPhase.QUEUED,
                            held
                                    ? PauseDesk.heldInQueue(job.hold)
                                    : "position " + book.position(job.spec.jobId()),
                            null));
        }
        for (JobBook.Ended job : book.endedJobs()) {
            CoordinatorStatus.Job last = job.last();
            jobs.add(
                    last != null
                            ? last
                            : idle(job.spec(), job.phase(), job.reason(), job.report()));
        }
        return jobs;
    }

    private static CoordinatorStatus.Job idle(
            JobSpec spec, JobPhase phase, String detail, @Nullable JobReport report) {
        return new CoordinatorStatus.Job(
                spec.jobId(),
                spec.name(),
                phase,
                detail,
                0,
                report == null ? 0 : report.steps(),
                0,
                spec.steps(),
                0,
                report == null ? 0 : report.goodput().ratio(),
                report == null ? 0 : report.incidents().size(),
                report == null ? "" : report.toJson(),
                JobSecrets.shown(spec.labels()),
                spec.batch());
    }
}
