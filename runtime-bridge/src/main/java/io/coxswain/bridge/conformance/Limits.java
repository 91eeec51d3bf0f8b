package io.coxswain.bridge.conformance;

import java.time.Duration;

/**
 * How long the kit waits for what: the deadlines that an agent sets, times a patience.
 *
 * @param hello from process start to both channels up
 * @param load a LoadJob with warm-up
 * @param answer any other answer, snapshots included
 * @param pong a heartbeat's answer
 * @param abort from Abort to the answer of a running Execute
 * @param end from Shutdown, a broken protocol or a closed connection to the process's end
 */
public record Limits(
        Duration hello,
        Duration load,
        Duration answer,
        Duration pong,
        Duration abort,
        Duration end) {
    /**
     * An agent's defaults. Those of {@code answer} and {@code load} are the kit's own, since an
     * agent learns the first and does not limit the second; {@code end} is longer than an agent's
     * 200 ms, after which it sends SIGTERM, since a process's end takes time of the machine's too.
     */
    public static final Limits DEFAULT =
            new Limits(
                    Duration.ofSeconds(30),
                    Duration.ofMinutes(5),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(2));

    /** Checks that all are positive. */
    public Limits {
        for (Duration limit : new Duration[] {hello, load, answer, pong, abort, end}) {
            if (!limit.isPositive()) {
                throw new IllegalArgumentException("a limit must be positive, not " + limit);
            }
        }
    }

    /** The same limits for a slow or busy machine. */
    public Limits times(int patience) {
        return new Limits(
                hello.multipliedBy(patience),
                load.multipliedBy(patience),
                answer.multipliedBy(patience),
                pong.multipliedBy(patience),
                abort.multipliedBy(patience),
                end.multipliedBy(patience));
    }
}
