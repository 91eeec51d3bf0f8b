package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.client.PjrtEvent;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.spi.AbortSignal;
import io.coxswain.bridge.spi.RuntimeFault;

import java.time.Duration;

/** Waits for a plugin's events, and tells its failures as faults. */
final class Faults {
    /** How long an abort may go unnoticed while a run is waited for. */
    private static final Duration TICK = Duration.ofMillis(2);

    /**
     * Work that nobody can cancel is waited for without a limit: the agent kills a worker that
     * hangs.
     */
    private static final Duration FOREVER = Duration.ofDays(3650);

    private Faults() {}

    /** Waits until it is done. */
    static void await(PjrtEvent event) throws PjrtException {
        event.await(FOREVER);
    }

    /** Waits until it is done, or until the signal is set; says whether it is done. */
    static boolean await(PjrtEvent event, AbortSignal abort) throws PjrtException {
        while (!event.done()) {
            if (abort.isSet()) {
                return false;
            }
            try {
                event.await(TICK);
            } catch (PjrtException e) {
                // The run itself may have failed so too; then the event is done.
                if (e.code() != PjrtException.Code.DEADLINE_EXCEEDED) {
                    throw e;
                }
            }
        }
        if (abort.isSet()) {
            return false;
        }
        event.await(FOREVER);
        return true;
    }

    /** A failure while the plugin worked. */
    static RuntimeFault of(String what, PjrtException failure) {
        RuntimeFault.Code code =
                failure.code() == PjrtException.Code.RESOURCE_EXHAUSTED
                        ? RuntimeFault.Code.OUT_OF_MEMORY
                        : RuntimeFault.Code.INTERNAL;
        return new RuntimeFault(code, "%s: %s".formatted(what, failure.getMessage()), failure);
    }

    /** A failure that the job's section or its bundle is the reason of. */
    static RuntimeFault invalid(String what, Exception failure) {
        return new RuntimeFault(
                RuntimeFault.Code.PROGRAM_INVALID,
                "%s: %s".formatted(what, failure.getMessage()),
                failure);
    }
}
