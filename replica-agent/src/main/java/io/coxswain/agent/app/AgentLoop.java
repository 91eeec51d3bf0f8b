package io.coxswain.agent.app;

import io.coxswain.agent.core.AgentEvent;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The one thread that decides. Events come from anywhere through {@link #post}; between them the
 * loop sleeps until the machine's next deadline. After a pause of the process it takes what arrived
 * meanwhile before any deadline. A machine that throws has broken an invariant: the loop ends and
 * says so, nothing more is decided.
 */
public final class AgentLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentLoop.class);
    private static final AgentEvent TICK = new AgentEvent.Tick();

    /** A loop that wakes this late did not run: its process stood still, or the machine did. */
    private static final long STOOD_STILL_NANOS = 200_000_000;

    /** What arrived meanwhile is read within this, as readers stood still too. */
    private static final long CATCH_UP_NANOS = 50_000_000;

    private final LinkedBlockingQueue<AgentEvent> events = new LinkedBlockingQueue<>();
    private final EffectRunner runner;
    private final LongSupplier nanoClock;
    private final Consumer<Throwable> onFatal;
    private final Thread thread;
    private final long originNanos;
    private final AgentPulse pulse;
    private volatile boolean closed;
    private boolean justTicked;
    private long lookedNanos;
    private long catchUpUntilNanos = Long.MIN_VALUE;

    /**
     * @param nanoClock monotonic, any origin
     * @param onFatal called once, on the loop's thread, if the machine or an observer throws
     */
    public AgentLoop(
            String name, EffectRunner runner, LongSupplier nanoClock, Consumer<Throwable> onFatal) {
        this.runner = runner;
        this.nanoClock = nanoClock;
        this.onFatal = onFatal;
        this.originNanos = nanoClock.getAsLong();
        this.pulse = new AgentPulse(() -> nanoClock.getAsLong() - originNanos);
        this.thread =
                Thread.ofPlatform().name("coxswain-agent-" + name).daemon().unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    /** Hands an event over. Any thread, never blocks; after {@link #close} it is lost. */
    public void post(AgentEvent event) {
        events.add(event);
    }

    /** How it does. Any thread. */
    public AgentPulse pulse() {
        return pulse;
    }

    /** True while it decides: from its start to its end. */
    public boolean runs() {
        return thread.isAlive();
    }

    /** True on the thread that decides. */
    public boolean isDecidingThread() {
        return Thread.currentThread().equals(thread);
    }

    private void run() {
        AgentEvent current = TICK;
        try {
            while (!closed) {
                long now = nanoClock.getAsLong() - originNanos;
                long deadline = runner.nextDeadlineNanos(now);
                pulse.waits(deadline);
                AgentEvent event = next(now, deadline);
                if (event != null) {
                    current = event;
                    pulse.begin(deadline);
                    runner.handle(event, nanoClock.getAsLong() - originNanos);
                    pulse.end(event, runner);
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("the agent's loop was interrupted; it ends");
        } catch (RuntimeException | Error e) {
            LOG.error("the agent stops: it could not handle {}", current, e);
            closed = true;
            onFatal.accept(e);
        }
    }

    private @Nullable AgentEvent next(long now, long deadline) throws InterruptedException {
        if (deadline <= now && now - Math.max(deadline, lookedNanos) > STOOD_STILL_NANOS) {
            catchUpUntilNanos = now + CATCH_UP_NANOS;
        }
        lookedNanos = now;
        if (deadline <= now && now < catchUpUntilNanos) {
            // Words first: who wrote while this process stood still was not silent.
            AgentEvent event = events.poll(catchUpUntilNanos - now, TimeUnit.NANOSECONDS);
            if (event != null) {
                return event;
            }
            catchUpUntilNanos = Long.MIN_VALUE;
        }
        if (deadline <= now && !justTicked) {
            // Deadlines before events: a flood of events must not hold a heartbeat back.
            justTicked = true;
            return TICK;
        }
        justTicked = false;
        if (deadline == Long.MAX_VALUE) {
            return events.take();
        }
        return events.poll(Math.max(0, deadline - now), TimeUnit.NANOSECONDS);
    }

    /** Stops deciding; waits for the event at hand unless called by the loop itself. */
    @Override
    public void close() {
        closed = true;
        if (isDecidingThread()) {
            return;
        }
        thread.interrupt();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
