package io.coxswain.chaos.simulation.process;

import io.coxswain.chaos.simulation.kernel.Kernel;

import java.util.ArrayDeque;

/**
 * A process: it takes what comes in order, may be stopped and go on, and is dead for good once
 * killed.
 */
public abstract class SimProcess {
    protected final Kernel kernel;
    private final String name;
    private final int host;
    private final ArrayDeque<Kernel.Task> backlog = new ArrayDeque<>();
    private final long originNanos;
    private boolean alive = true;
    private boolean paused;

    protected SimProcess(Kernel kernel, String name, int host, long clockNanos) {
        this.kernel = kernel;
        this.name = name;
        this.host = host;
        this.originNanos = kernel.now() - clockNanos;
    }

    public String name() {
        return name;
    }

    public int host() {
        return host;
    }

    public boolean isAlive() {
        return alive;
    }

    public boolean isPaused() {
        return paused;
    }

    /** Neither dead nor stopped. */
    public boolean runs() {
        return alive && !paused;
    }

    /** The process's own monotonic clock. */
    public long clock() {
        return kernel.now() - originNanos;
    }

    /** That instant of the process's clock in virtual time. */
    public long virtual(long clockNanos) {
        return clockNanos == Long.MAX_VALUE ? Long.MAX_VALUE : clockNanos + originNanos;
    }

    /** Runs the task on the process, now or when it goes on; never once it is dead. */
    public void deliver(Kernel.Task task) {
        if (!alive) {
            return;
        }
        if (paused) {
            backlog.add(task);
        } else {
            task.run();
        }
    }

    /** SIGSTOP. */
    public void pause() {
        if (alive && !paused) {
            paused = true;
            note("paused", null);
        }
    }

    /** SIGCONT: what waited is taken first, then what became due. */
    public void resume() {
        if (alive && paused) {
            paused = false;
            note("resumed", null);
            while (alive && !paused && !backlog.isEmpty()) {
                backlog.removeFirst().run();
            }
            if (runs()) {
                resumed();
            }
        }
    }

    /** What became due while it was stopped is looked at now. */
    protected abstract void resumed();

    /** SIGKILL. */
    public void kill() {
        if (alive) {
            alive = false;
            backlog.clear();
            note("killed", null);
            killed();
        }
    }

    /** Its connections and sessions end. */
    protected abstract void killed();

    protected final void note(String what, @org.jspecify.annotations.Nullable Object detail) {
        kernel.trace().turn(kernel.now(), name, what, detail);
    }
}
