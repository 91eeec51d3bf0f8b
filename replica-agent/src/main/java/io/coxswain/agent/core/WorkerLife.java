package io.coxswain.agent.core;

import io.coxswain.agent.core.model.ArenaShape;
import io.coxswain.agent.core.model.Digest;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.StateLayout;
import io.coxswain.agent.core.model.StateName;

import org.jspecify.annotations.Nullable;

/**
 * The worker of this agent: its generation, what it does, and whether it still breathes.
 *
 * <pre>
 * ABSENT ──start──► STARTING ──connected──► LOADING ──loaded──► LOADED
 *    ▲                  │ exited               │ exited            │ exited
 *    │                  ▼                      ▼                   ▼
 *    └──given up── WAITING (pause doubles) ────┘◄──── started again at once
 * </pre>
 */
final class WorkerLife {
    /** How far the worker is. */
    enum State {
        ABSENT,
        STARTING,
        LOADING,
        LOADED,
        /** It died while loading; the next one starts after a pause. */
        WAITING
    }

    private static final int START_LIMIT_PONGS = 15;
    private static final int MOST_DOUBLINGS = 4;

    private final Outbox out;
    private final AgentLimits limits;
    private State state = State.ABSENT;
    private int generation;
    private @Nullable StateLayout layout;
    private long liveBytes;
    private int pieces;
    private long loadNanos;
    private long compileNanos;
    private int failedLoads;
    private long wakeAt;
    private long silentSince;
    private String killReason = "";
    private boolean hung;

    /** The state that the worker has live, null if none. */
    private @Nullable StateName live;

    private Digest liveDigest = Digest.NONE;

    private boolean executing;
    private boolean applying;
    private long answerBy = Long.MAX_VALUE;

    WorkerLife(Outbox out, AgentLimits limits) {
        this.out = out;
        this.limits = limits;
    }

    void start(JobSpec job, long now) {
        generation++;
        state = State.STARTING;
        silentSince = now;
        killReason = "";
        hung = false;
        idle();
        out.add(new AgentEffect.StartWorker(generation, job));
    }

    private void idle() {
        live = null;
        liveDigest = Digest.NONE;
        executing = false;
        applying = false;
        answerBy = Long.MAX_VALUE;
    }

    void ask(WorkerRequest request) {
        out.add(new AgentEffect.AskWorker(generation, request));
    }

    void connected(JobSpec job, long now) {
        if (state == State.STARTING) {
            state = State.LOADING;
            silentSince = now;
            ask(new WorkerRequest.LoadJob(job));
        }
    }

    void ponged(long now) {
        silentSince = now;
    }

    void loaded(AgentEvent.JobLoaded event) {
        state = State.LOADED;
        failedLoads = 0;
        layout = event.layout();
        liveBytes = event.liveBytes();
        pieces = event.pieces();
        loadNanos = event.loadNanos();
        compileNanos = event.compileNanos();
    }

    /**
     * Starts another one, unless the loading fails again and again.
     *
     * @param giveUp whether one that was loaded is the last
     * @return false if the machine should not try again
     */
    boolean exited(JobSpec job, boolean giveUp, long now) {
        boolean wasLoaded = state == State.LOADED;
        idle();
        if (wasLoaded && giveUp) {
            state = State.ABSENT;
            return false;
        }
        if (wasLoaded) {
            start(job, now);
            return true;
        }
        failedLoads++;
        if (failedLoads >= limits.loadAttempts()) {
            state = State.ABSENT;
            failedLoads = 0;
            return false;
        }
        state = State.WAITING;
        wakeAt = now + (limits.restartNanos() << Math.min(MOST_DOUBLINGS, failedLoads - 1));
        return true;
    }

    void stop() {
        if (state != State.ABSENT && state != State.WAITING) {
            out.add(new AgentEffect.StopWorker(generation));
        }
        // What the old one still says belongs to no generation that is listened to.
        generation++;
        state = State.ABSENT;
        layout = null;
        failedLoads = 0;
        idle();
    }

    void kill(String reason, boolean silent) {
        if (killReason.isEmpty()
                && (state == State.STARTING || state == State.LOADING || state == State.LOADED)) {
            killReason = reason;
            hung = silent;
            answerBy = Long.MAX_VALUE;
            out.add(new AgentEffect.KillWorker(generation, reason, silent));
        }
    }

    /** Aborts what belongs to older epochs; a worker that does not answer in time is killed. */
    void abort(long belowEpoch, long now) {
        if (state != State.LOADED) {
            return;
        }
        out.add(new AgentEffect.AbortWorker(generation, belowEpoch));
        if (applying) {
            answerBy = now + limits.applyNanos();
        } else if (executing) {
            answerBy = now + limits.abortNanos();
        }
    }

    void tick(JobSpec job, long now) {
        switch (state) {
            case ABSENT -> {}
            case WAITING -> {
                if (now >= wakeAt) {
                    start(job, now);
                }
            }
            case STARTING -> {
                if (now - silentSince >= START_LIMIT_PONGS * limits.pongNanos()) {
                    kill(
                            "the worker did not connect to its agent in time: does the program call"
                                    + " coxswain.run (or coxswain.jax.run)?",
                            true);
                }
            }
            case LOADING, LOADED -> {
                if (now - silentSince >= limits.pongNanos()) {
                    kill(
                            "the worker gave no sign of life for "
                                    + (now - silentSince) / 1_000_000
                                    + " ms",
                            true);
                } else if (now >= answerBy) {
                    kill("the worker did not stop its step when asked to", true);
                }
            }
        }
    }

    long nextDeadlineNanos() {
        if (!killReason.isEmpty()) {
            return Long.MAX_VALUE;
        }
        return switch (state) {
            case ABSENT -> Long.MAX_VALUE;
            case WAITING -> wakeAt;
            case STARTING -> silentSince + START_LIMIT_PONGS * limits.pongNanos();
            case LOADING, LOADED -> Math.min(silentSince + limits.pongNanos(), answerBy);
        };
    }

    void executing(boolean busy) {
        executing = busy;
        answered();
    }

    void applying(boolean busy) {
        applying = busy;
        answered();
    }

    private void answered() {
        if (!executing && !applying) {
            answerBy = Long.MAX_VALUE;
        }
    }

    boolean isApplying() {
        return applying;
    }

    @Nullable StateName live() {
        return live;
    }

    /** {@link Digest#NONE} unless a snapshot of the live state was committed or loaded. */
    Digest liveDigest() {
        return liveDigest;
    }

    void live(@Nullable StateName newLive, Digest digest) {
        live = newLive;
        liveDigest = digest;
    }

    State state() {
        return state;
    }

    boolean isLoaded() {
        return state == State.LOADED;
    }

    /** False from the moment it is being killed. */
    boolean isAlive() {
        return killReason.isEmpty() && state != State.ABSENT && state != State.WAITING;
    }

    boolean wasHung() {
        return hung;
    }

    int generation() {
        return generation;
    }

    @Nullable StateLayout layout() {
        return layout;
    }

    /** Pieces of a snapshot, at most; known with the layout. */
    int pieces() {
        return pieces;
    }

    /** What a region for this worker must have room for. */
    ArenaShape regionShape(JobSpec job, StateLayout known) {
        return ArenaShape.region(job, known, liveBytes, pieces);
    }

    long loadNanos() {
        return loadNanos;
    }

    long compileNanos() {
        return compileNanos;
    }
}
