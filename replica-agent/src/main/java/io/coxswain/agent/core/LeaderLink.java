package io.coxswain.agent.core;

/** What this agent knows of the leader: its term, its lease, and the job time that it told. */
final class LeaderLink {
    private long termSeen;
    private boolean open;
    private boolean welcomed;
    private long heartbeatNanos = Long.MAX_VALUE;
    private long leaseNanos;
    private long lastWordNanos;
    private boolean everHeard;
    private long nextHeartbeat;
    private long sequence;
    private long answered;
    private long jobTimeNanos;
    private long jobTimeHeardNanos;
    private long staleWords;

    /** Returns false for a word from a leader that was succeeded. */
    boolean accept(long term, long now) {
        if (term < termSeen) {
            staleWords++;
            return false;
        }
        termSeen = term;
        lastWordNanos = now;
        everHeard = true;
        return true;
    }

    void opened() {
        open = true;
        welcomed = false;
    }

    void closed() {
        open = false;
        welcomed = false;
    }

    void welcomed(long heartbeat, long lease, long now) {
        welcomed = true;
        heartbeatNanos = Math.max(1, heartbeat);
        leaseNanos = lease;
        nextHeartbeat = now;
    }

    /** The answer to a heartbeat, with the job's time; it may have been long under way. */
    void answered(long beat, long jobNanos, long now) {
        answered = Math.max(answered, beat);
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

    /** True while a leader was heard within the lease. */
    boolean leaseHolds(long now) {
        return everHeard && leaseNanos > 0 && now - lastWordNanos < leaseNanos;
    }

    /** Returns true if a heartbeat is due, and counts it. */
    boolean beat(long now) {
        if (!welcomed || now < nextHeartbeat) {
            return false;
        }
        nextHeartbeat = now + heartbeatNanos;
        sequence++;
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
