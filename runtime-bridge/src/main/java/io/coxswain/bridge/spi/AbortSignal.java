package io.coxswain.bridge.spi;

/** Tells work that its view is over. Any thread. */
public interface AbortSignal {
    /**
     * Whether the work shall stop; once it does, it stays so. Cheap enough to be asked every few
     * microseconds.
     */
    boolean isSet();

    /**
     * Waits until the signal is set or the time is over.
     *
     * @param nanos how long, at most
     * @return whether it is set
     */
    boolean await(long nanos) throws InterruptedException;
}
