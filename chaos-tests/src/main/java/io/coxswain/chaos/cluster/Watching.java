package io.coxswain.chaos.cluster;

import io.coxswain.chaos.checker.Goodput;
import io.coxswain.chaos.checker.Verdict;
import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.chaos.nemesis.Nemesis;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.launcher.admin.AdminTexts;
import io.coxswain.proto.admin.v1.AgentStatus;
import io.coxswain.proto.admin.v1.JobPhase;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One scenario on somebody else's cluster while it is played: hears the coordinator, passes it on
 * to the nemesis, and breaks off where it must. Thread-safe.
 */
final class Watching implements AutoCloseable {
    /**
     * Steps completed since the last fault and the last recovery, after which the job counts as
     * recovered: a dead rank stops the next one.
     */
    private static final long QUIET_STEPS = 10;

    private static final Duration QUIET = Duration.ofSeconds(3);
    private static final Duration TICK = Duration.ofMillis(200);
    private static final Duration BACK = Duration.ofSeconds(60);
    private static final long GOODPUT_STEPS = 20;

    /** What is waited for. */
    enum Goal {
        QUIET,
        JOB_ENDS
    }

    private final AttachedStage stage;
    private final Nemesis nemesis;
    private final AbortWhen abort;
    private final Consumer<String> narrator;
    private final EventStream events;
    private final List<Happening.Told> journal = new CopyOnWriteArrayList<>();
    // Guarded by this.
    private String jobId = "";
    private String stopped = "";
    private CoordinatorEvent.@Nullable JobFinished finished;
    private boolean recovering;
    private long step;
    private long stepNanos;
    private long unrestStep;
    private long unrestNanos;

    Watching(
            AttachedStage stage,
            Nemesis nemesis,
            AbortWhen abort,
            Path file,
            Credentials credentials,
            Consumer<String> narrator)
            throws IOException {
        this.stage = stage;
        this.nemesis = nemesis;
        this.abort = abort;
        this.narrator = narrator;
        this.events = new EventStream(file, credentials, this::told);
    }

    /** Follows what happens from that status on. */
    void begin(String endpoint, JobStatus job, StatusResponse status) {
        synchronized (this) {
            jobId = job.getJobId();
            step = job.getCompletedStep();
            stepNanos = System.nanoTime();
            unrest();
        }
        // Who has which rank was told long ago.
        nemesis.happened(
                new Happening.Told(
                        System.nanoTime(),
                        0,
                        job.getJobId(),
                        job.getCompletedStep(),
                        view(job, status.getAgentsList())));
        nemesis.begin();
        events.attach(endpoint, status.getNextSequence(), status.getTerm());
    }

    static CoordinatorEvent.ViewActivated view(JobStatus job, List<AgentStatus> agents) {
        return new CoordinatorEvent.ViewActivated(
                job.getJobId(),
                job.getEpoch(),
                job.getCompletedStep(),
                agents.stream()
                        .filter(agent -> agent.getRank() >= 0)
                        .sorted(Comparator.comparingInt(AgentStatus::getRank))
                        .map(AgentStatus::getAgentId)
                        .toList(),
                List.of());
    }

    private synchronized void unrest() {
        unrestStep = step;
        unrestNanos = System.nanoTime();
    }

    private void told(Happening.Told told) {
        journal.add(told);
        synchronized (this) {
            switch (told.event()) {
                case CoordinatorEvent.StepsCompleted steps -> {
                    step = Math.max(step, steps.step());
                    stepNanos = told.nanos();
                }
                case CoordinatorEvent.RolledBack back -> {
                    step = back.toStep();
                    unrest();
                }
                case CoordinatorEvent.IncidentProgressed _ -> recovering = true;
                case CoordinatorEvent.IncidentClosed closed -> {
                    recovering = false;
                    unrest();
                    narrator.accept(
                            "  recovered from "
                                    + closed.incident().cause()
                                    + " of "
                                    + closed.incident().agents()
                                    + ", "
                                    + closed.incident().stepsLost()
                                    + " steps lost");
                }
                case CoordinatorEvent.JobFinished end -> {
                    if (told.jobId().equals(jobId)) {
                        finished = end;
                    }
                }
                case CoordinatorEvent.LeadershipGained _ -> {
                    // Another coordinator: the job may have ended with the one before.
                    Thread.ofVirtual().name("job-look").start(this::lookAtJob);
                }
                default -> {
                    // Kept in the journal.
                }
            }
            notifyAll();
        }
        nemesis.happened(told);
    }

    private void lookAtJob() {
        try {
            JobStatus job = stage.job();
            if (job == null || AdminTexts.ended(job.getPhase())) {
                synchronized (this) {
                    finished =
                            new CoordinatorEvent.JobFinished(
                                    jobId,
                                    job != null && job.getPhase() == JobPhase.JOB_PHASE_COMPLETED,
                                    job == null ? "its coordinator is gone" : job.getDetail(),
                                    "");
                    notifyAll();
                }
            }
        } catch (IOException e) {
            // Whoever answers next is asked again; without an answer there are no steps either.
        }
    }

    /**
     * Waits.
     *
     * @param deadline monotonic nanosecond
     * @return empty if what was waited for has come; else why it is broken off
     */
    String await(Goal goal, long deadline) {
        while (true) {
            // A port that takes long must not keep an abort waiting.
            boolean exhausted =
                    goal == Goal.QUIET
                            && nemesis.exhausted()
                                    .completeOnTimeout(
                                            false, TICK.toMillis(), TimeUnit.MILLISECONDS)
                                    .join();
            synchronized (this) {
                String now = verdict(goal, exhausted, deadline);
                if (now != null) {
                    return now;
                }
                try {
                    wait(TICK.toMillis());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return "interrupted";
                }
            }
        }
    }

    // Null: nothing to say yet. Holds the lock.
    private @Nullable String verdict(Goal goal, boolean exhausted, long deadline) {
        long now = System.nanoTime();
        if (!stopped.isEmpty()) {
            return stopped;
        }
        CoordinatorEvent.JobFinished end = finished;
        if (end != null) {
            return goal == Goal.JOB_ENDS ? "" : "the job is over: " + reasonOf(end);
        }
        List<Firing> firings = nemesis.firings();
        long lastFired = firings.stream().mapToLong(Firing::nanos).max().orElse(Long.MIN_VALUE);
        long lastStep = firings.stream().mapToLong(Firing::afterStep).max().orElse(0);
        boolean over = exhausted || nemesis.isClosed();
        if (goal == Goal.QUIET
                && over
                && !recovering
                && step >= Math.max(unrestStep, lastStep) + QUIET_STEPS
                && now - Math.max(unrestNanos, lastFired) >= QUIET.toNanos()) {
            return "";
        }
        if (now - stepNanos > abort.noStepFor().toNanos()) {
            return "no step was completed for "
                    + TimeUnit.NANOSECONDS.toSeconds(now - stepNanos)
                    + " s, after step "
                    + step;
        }
        if (abort.goodputBelow() > 0 && !firings.isEmpty()) {
            Goodput goodput = Goodput.of(journal, firings.size(), now);
            if (goodput.steps() >= GOODPUT_STEPS && goodput.ratio() < abort.goodputBelow()) {
                return goodput.text() + ", less than " + abort.goodputBelow();
            }
        }
        if (now > deadline) {
            return "it was not over in time; at step "
                    + step
                    + (recovering ? ", in a recovery" : "")
                    + (over ? "" : ", with faults that have not come or not healed");
        }
        return null;
    }

    private static String reasonOf(CoordinatorEvent.JobFinished end) {
        return end.completed() ? "it completed" : end.reason();
    }

    /** Breaks off whatever waits. */
    synchronized void stop(String why) {
        stopped = why;
        notifyAll();
    }

    /** No more faults; everything heals. Returns when that is done; safe to repeat. */
    void heal() {
        nemesis.close();
        unrest();
    }

    /** Whether everything was taken back, and who was started again is attached again. */
    Verdict healed() {
        var troubles = new ArrayList<>(stage.limited().unhealed());
        long deadline = System.nanoTime() + BACK.toNanos();
        for (String agent : stage.limited().started()) {
            if (!back(agent, deadline)) {
                troubles.add(
                        agent
                                + " was started again and is not attached after "
                                + BACK.toSeconds()
                                + " s");
            }
        }
        List<String> victims = stage.limited().victims();
        return new Verdict(
                "healed",
                troubles.isEmpty(),
                troubles.isEmpty()
                        ? victims.isEmpty()
                                ? "nobody was hurt"
                                : String.join(", ", victims)
                                        + " hurt, "
                                        + (stage.limited().started().isEmpty()
                                                ? "none to start again"
                                                : String.join(", ", stage.limited().started())
                                                        + " back")
                        : String.join("; ", troubles));
    }

    private boolean back(String agent, long deadline) {
        while (true) {
            try {
                if (stage.alive(agent) && stage.seenAnew(agent)) {
                    return true;
                }
            } catch (IOException e) {
                // Asked again.
            }
            synchronized (this) {
                if (System.nanoTime() > deadline) {
                    return false;
                }
                try {
                    // That an agent attaches is told; a coordinator that is gone tells nothing.
                    wait(TICK.toMillis());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
        }
    }

    synchronized boolean ended() {
        return finished != null;
    }

    synchronized boolean completed() {
        CoordinatorEvent.JobFinished end = finished;
        return end != null && end.completed();
    }

    synchronized String reason() {
        CoordinatorEvent.JobFinished end = finished;
        return end == null ? "it goes on" : end.reason();
    }

    List<Happening.Told> journal() {
        return List.copyOf(journal);
    }

    List<Firing> firings() {
        return nemesis.firings();
    }

    @Override
    public void close() {
        nemesis.close();
        events.close();
    }
}
