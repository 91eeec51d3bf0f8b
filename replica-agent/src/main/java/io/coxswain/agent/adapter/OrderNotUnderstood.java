package io.coxswain.agent.adapter;

/**
 * A leader of a newer version ordered a view in words that this version does not know. It is told,
 * so that it does not wait for an agent that will never be ready.
 */
final class OrderNotUnderstood extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String jobId;
    private final long epoch;

    OrderNotUnderstood(String jobId, long epoch, String what) {
        super(what + ": this agent is of an older version than its leader and is to be upgraded");
        this.jobId = jobId;
        this.epoch = epoch;
    }

    String jobId() {
        return jobId;
    }

    long epoch() {
        return epoch;
    }
}
