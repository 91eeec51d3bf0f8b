package io.coxswain.launcher.admin;

import io.coxswain.launcher.EnvironmentException;

import java.io.PrintStream;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How long a command goes on asking while nobody leads: a change of leaders takes seconds. What no
 * patience mends is told at once.
 */
final class Patience {
    private static final Duration MOST = Duration.ofSeconds(30);
    private static final Duration SILENT = Duration.ofSeconds(2);

    private final LongSupplier nanoTime;
    private final PrintStream err;
    private boolean waits;
    private boolean told;
    private long sinceNanos;

    /** By this machine's clock; whoever waits is told on {@code err}. */
    Patience(PrintStream err) {
        this(System::nanoTime, err);
    }

    Patience(LongSupplier nanoTime, PrintStream err) {
        this.nanoTime = nanoTime;
        this.err = err;
    }

    /** Somebody who leads answered. */
    void answered() {
        waits = false;
        told = false;
    }

    /**
     * Nobody did.
     *
     * @throws EnvironmentException that word, if it is of no use to ask again
     */
    void unanswered(EnvironmentException why) throws EnvironmentException {
        long now = nanoTime.getAsLong();
        if (!waits) {
            waits = true;
            sinceNanos = now;
        }
        long waited = now - sinceNanos;
        if (why.isLasting() || waited >= MOST.toNanos()) {
            throw why;
        }
        if (!told && waited >= SILENT.toNanos()) {
            told = true;
            err.println(
                    "coxswain: "
                            + why.getMessage()
                            + "; asking again for up to "
                            + MOST.toSeconds()
                            + " s");
        }
    }
}
