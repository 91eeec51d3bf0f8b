package io.coxswain.agent.transfer;

/** The peer sent what the protocol does not allow; the connection is closed. */
public final class ProtocolViolation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what was sent and what was expected
     */
    public ProtocolViolation(String message) {
        super(message, null, false, false);
    }
}
