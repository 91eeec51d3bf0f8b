package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.spi.AbortSignal;
import io.coxswain.bridge.spi.ExecuteOutcome;
import io.coxswain.bridge.spi.RuntimeFault;

/** How a taken rank makes its steps. The runtime's thread. */
interface StepProgram extends AutoCloseable {
    /** Computes what the step needs, and leaves the state as it is. */
    ExecuteOutcome execute(Taken taken, long step, AbortSignal abort)
            throws PjrtException, RuntimeFault;

    /**
     * Makes the state of the step, and writes its parameters into the region. After a failure the
     * old state may be gone.
     *
     * @return the new state, complete; the caller releases the old one
     */
    DeviceState apply(Taken taken, long step) throws PjrtException, RuntimeFault;

    /** Forgets a step that was executed and not applied. */
    @Override
    void close();
}
