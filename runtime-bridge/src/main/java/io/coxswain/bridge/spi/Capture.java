package io.coxswain.bridge.spi;

/**
 * A snapshot that has been begun: from now on the live state may change. What is left to do, such
 * as the rest of a copy from a device, is done by {@link #complete} while the next steps run.
 */
@FunctionalInterface
public interface Capture {
    /**
     * Returns when all bytes of the snapshot are in the slot. Called once, on another thread than
     * the steps', one capture after another in the order in which they were begun.
     *
     * @throws RuntimeFault if the snapshot cannot be completed: the slot is given back, and the
     *     steps go on without it
     */
    void complete() throws RuntimeFault;

    /** True if all bytes are in the slot already, and {@link #complete} has nothing to do. */
    default boolean isComplete() {
        return false;
    }

    /** A capture whose bytes are all in the slot already. */
    static Capture done() {
        return new Capture() {
            @Override
            public void complete() {}

            @Override
            public boolean isComplete() {
                return true;
            }
        };
    }
}
