package io.coxswain.agent.core;

/**
 * What this agent knows of the leader: its term, its lease, and the job time that it told.
 *
 * <p>A lease begins when this agent said what a leader answered, not when the answer came: a word
 * may have been kept back on its way for longer than a lease, and who sent it may be a leader of
 * the past by then.
 */
final class LeaderLink {
    /** Heartbeats whose time is kept; an answer to an older one gives no lease. */
    private static final int KEPT = 256;

    private final long[] beatNanos = new long[KEPT];
    private long termSeen;
    private boolean open;
    private boolean welcomed;
    private long heartbeatNanos = Long.MAX_VALUE;
    private long leaseNanos;
    private long openedNanos;
    private long answeredNanos;
    private long nextHeartbeat;
    private long sequence;
    private long answered;
    private long jobTimeNanos;
    private long jobTimeHeardNanos;
    private long staleWords;

    /** Returns false for a word from a leader that was succeeded. */
    boolean accept(long term) {
        if (term < termSeen) {
            staleWords++;
            return false;
        }
        termSeen = term;
        return true;
    }

    void opened(long now) {
        open = true;
        openedNanos = now;
        welcomed = false;
    }

    void closed() {
        open = false;
        welcomed = false;
    }

    void welcomed(long heartbeat, long lease, long now) {
        welcomed = true;
        heartbeatNanos = Math.max(1, heartbeat);
        answeredNanos = leaseNanos == 0 ? openedNanos : Math.max(answeredNanos, openedNanos);
        leaseNanos = lease;
        nextHeartbeat = now;
    }

    /** The answer to a heartbeat, with the job's time; it may have been long under way. */
    void answered(long beat, long jobNanos, long now) {
        answered = Math.max(answered, beat);
        if (beat > 0 && beat <= sequence && sequence - beat < KEPT) {
            answeredNanos = Math.max(answeredNanos, beatNanos[(int) (beat % KEPT)]);
        }
        if (jobNanos > 0 && jobNanos >= jobTimeAt(now)) {
            jobTimeNanos = jobNanos;
            jobTimeHeardNanos = now;
        }
    }

    /** Another job begins: its time is not that of the one before. */
    void otherJob() {
        jobTimeNanos = 0;
    }

    /** The last job time heard plus what went by here since; 0 if none was heard. */
    long jobTimeAt(long now) {
        return jobTimeNanos == 0 ? 0 : jobTimeNanos + (now - jobTimeHeardNanos);
    }

    /** True while a leader answers what was said within the lease. */
    boolean leaseHolds(long now) {
        return leaseNanos > 0 && now - answeredNanos < leaseNanos;
    }

    /** Returns true if a heartbeat is due, and counts it. */
    boolean beat(long now) {
        if (!welcomed || now < nextHeartbeat) {
            return false;
        }
        nextHeartbeat = now + heartbeatNanos;
        sequence++;
        beatNanos[(int) (sequence % KEPT)] = now;
        return true;
    }

    long nextDeadlineNanos() {
        return welcomed ? nextHeartbeat : Long.MAX_VALUE;
    }

    long sequence() {
        return sequence;
    }

    /** The newest heartbeat whose answer came; 0: none. */
    long answered() {
        return answered;
    }

    /** Words of leaders that were succeeded, none of which was followed. */
    long staleWords() {
        return staleWords;
    }

    long termSeen() {
        return termSeen;
    }

    boolean isOpen() {
        return open;
    }
}
