package io.coxswain.agent.core.model;

/**
 * The answer to an operation on the key-value store of a view.
 *
 * @param code why it was not done, if this agent says so; empty: the leader answered
 * @param message for a person
 * @param result the leader's answer as it came, which is nobody's business here; not copied
 */
@SuppressWarnings("ArrayRecordComponent")
public record KeyValueReply(String code, String message, byte[] result) {
    /** This agent refuses. */
    public static KeyValueReply refused(String code, String message) {
        return new KeyValueReply(code, message, new byte[0]);
    }

    /** The leader's answer. */
    public static KeyValueReply of(byte[] result) {
        return new KeyValueReply("", "", result);
    }
}
