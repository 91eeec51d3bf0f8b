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

    /** A group may compile when it has come together; what hangs for good must end all the same. */
    private static final long JOIN_NANOS = 600_000_000_000L;

    private final Outbox out;
    private final AgentLimits limits;
    private State state = State.ABSENT;
    private int generation;
    private @Nullable StateLayout layout;
    private long liveBytes;
    private int pieces;
    private long startedAt;
    private long startNanos;
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

    /** What the runtime can: see {@link AgentEvent.JobLoaded}. */
    private boolean reforms;

    /** It was asked for a step: where the runtime reduces it may be in a group. */
    private boolean grouped;

    /** It is being killed for a new one, and nobody need hear of it. */
    private boolean replaced;

    /** In which step its group broke, and how, as it says; 0 if it did not. */
    private long brokenStep;

    private String brokenWords = "";
    private long brokenUntil = Long.MAX_VALUE;

    /** Till when it must have met the others, in a view's first step. */
    private long joinBy = Long.MAX_VALUE;

    /** In which step it came to how many collectives of its own, as it says. */
    private long enteredStep;

    private int entered;

    /** In what part of that step its program is, as it says; empty: it does not say. */
    private String part = "";

    /** What somebody else must do for it to come; empty: nothing. */
    private String waitsFor = "";

    private boolean executing;
    private boolean applying;
    private long answerBy = Long.MAX_VALUE;

    /** The step that it was asked to make, or to load the state before; 0: nothing of the kind. */
    private long towards;

    WorkerLife(Outbox out, AgentLimits limits) {
        this.out = out;
        this.limits = limits;
    }

    void start(JobSpec job, long now) {
        generation++;
        state = State.STARTING;
        silentSince = now;
        startedAt = now;
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
        towards = 0;
        answerBy = Long.MAX_VALUE;
        entered = 0;
        part = "";
        waitsFor = "";
        grouped = false;
        replaced = false;
        mended();
    }

    private void mended() {
        brokenStep = 0;
        brokenWords = "";
        brokenUntil = Long.MAX_VALUE;
        joinBy = Long.MAX_VALUE;
    }

    void ask(WorkerRequest request) {
        grouped |= request instanceof WorkerRequest.Execute;
        towards = towards(request, towards);
        out.add(new AgentEffect.AskWorker(generation, request));
    }

    private static long towards(WorkerRequest request, long otherwise) {
        return switch (request) {
            case WorkerRequest.Prepare prepare -> prepare.baseStep() + 1;
            case WorkerRequest.Execute execute -> execute.step();
            case WorkerRequest.Apply apply -> apply.step();
            case WorkerRequest.Finish finish -> finish.step() + 1;
            case WorkerRequest.Snapshot _, WorkerRequest.LoadJob _ -> otherwise;
        };
    }

    /** It answered: what it dies of from now on is not that request. */
    void answeredAll() {
        towards = 0;
    }

    /** Which step it was on the way to, and has not made; 0: none. */
    long towards() {
        return towards;
    }

    void connected(JobSpec job, long now) {
        if (state == State.STARTING) {
            state = State.LOADING;
            silentSince = now;
            startNanos = now - startedAt;
            ask(new WorkerRequest.LoadJob(job));
        }
    }

    void ponged(AgentEvent.WorkerPonged event, long now) {
        silentSince = now;
        enteredStep = event.step();
        entered = event.entered();
        part = event.part();
        waitsFor = event.waitsFor();
    }

    /** How many collectives of its own it has come to in that step; 0: not told. */
    int enteredIn(long step) {
        return enteredStep == step ? entered : 0;
    }

    /** In what part of that step its program is; empty: not told. */
    String partOf(long step) {
        return enteredStep == step ? part : "";
    }

    /** For a person; empty: it waits for nobody's doing. */
    String waitsFor() {
        return waitsFor;
    }

    void loaded(AgentEvent.JobLoaded event) {
        state = State.LOADED;
        failedLoads = 0;
        layout = event.layout();
        liveBytes = event.liveBytes();
        pieces = event.pieces();
        loadNanos = event.loadNanos();
        compileNanos = event.compileNanos();
        reforms = event.reforms();
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

    /**
     * The group of its epoch broke, it says. Mostly somebody else died, and the leader's fence is
     * on its way; if none comes, the fault is this worker's.
     */
    void groupBroke(long step, String words, long now) {
        brokenStep = step;
        brokenWords = words;
        brokenUntil = now + limits.abortNanos();
    }

    /** It makes its first step in a view, for which it meets the others. */
    void joins(long now) {
        joinBy = now + JOIN_NANOS;
    }

    /**
     * Its view is over, and with it the group of processes that it may hang in: a new one takes its
     * place, unless it can leave the group by itself.
     *
     * @return false if it stays
     */
    boolean replace(String reason) {
        if (reforms || !grouped || state != State.LOADED || !isAlive()) {
            return false;
        }
        idle();
        replaced = true;
        killReason = reason;
        out.add(new AgentEffect.ReplaceWorker(generation, reason));
        return true;
    }

    /** It is going, or gone, for a new one. */
    boolean isReplaced() {
        return replaced;
    }

    /** Aborts what belongs to older epochs; a worker that does not answer in time is killed. */
    void abort(long belowEpoch, long now) {
        mended();
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
                                    + " coxswain.run (or coxswain.jax.run)? If its imports take"
                                    + " longer, set runtime.startWait",
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
                } else if (now >= brokenUntil) {
                    kill("its group broke in step " + brokenStep + ": " + brokenWords, false);
                } else if (now >= joinBy) {
                    kill(
                            "its group did not come together within "
                                    + JOIN_NANOS / 1_000_000_000
                                    + " s",
                            true);
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
            case LOADING, LOADED ->
                    Math.min(
                            silentSince + limits.pongNanos(),
                            Math.min(answerBy, Math.min(brokenUntil, joinBy)));
        };
    }

    void executing(boolean busy) {
        executing = busy;
        joinBy = Long.MAX_VALUE;
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

    boolean isExecuting() {
        return executing;
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

    /** It was its own end, or that of whoever hangs, and no decision of this agent. */
    boolean diedByItself() {
        return killReason.isEmpty() || hung;
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

    /** From when the process was asked for until it could be asked: interpreter and imports. */
    long startNanos() {
        return startNanos;
    }

    long loadNanos() {
        return loadNanos;
    }

    long compileNanos() {
        return compileNanos;
    }
}
