package io.coxswain.bridge.spi;

import java.time.Duration;
import java.util.Optional;

/**
 * The key-value store of a view: what the processes of a runtime find each other through. All ranks
 * of the view see the same keys, and nobody else does; they are gone when the view is over. Served
 * by the coordinator, so it is for a few small values per view, not for tensors.
 *
 * <p>Any thread, from {@link TrainingRuntime#take} on until the view is over; a call that waits
 * then ends with {@link ViewStoreException.Code#EPOCH_OVER}. Keys have at most 4096 bytes in UTF-8
 * and are not empty, values at most 1 MiB.
 */
public interface ViewStore {
    /** Sets a key, which readers see from then on. */
    void set(String key, byte[] value) throws ViewStoreException;

    /**
     * The value of a key, as soon as there is one.
     *
     * @throws ViewStoreException {@code TIMED_OUT} if there is none within {@code limit}
     */
    byte[] get(String key, Duration limit) throws ViewStoreException;

    /** The value of a key, if there is one. Does not wait for it. */
    Optional<byte[]> tryGet(String key) throws ViewStoreException;

    /**
     * Adds to a number, which is 0 before anybody does, and is kept in decimal digits.
     *
     * @return the sum
     */
    long add(String key, long amount) throws ViewStoreException;

    /** Removes a key. Returns whether it was there. */
    boolean delete(String key) throws ViewStoreException;

    /** For runtimes that are not hosted by a worker, and so are alone. */
    static ViewStore none() {
        return NoViewStore.INSTANCE;
    }
}
