package io.coxswain.bridge.pjrt.client;

import java.time.Duration;
import java.util.Optional;

/**
 * What the clients of one job find each other through, when devices of several processes work
 * together: a store that all of them see. Keys of different jobs, and of different attempts of one
 * job, must not meet: whoever implements it puts a prefix before them.
 *
 * <p>Called by threads of the plugin's, several at once, from the creation of the client until it
 * is destroyed; so no method may use the client. What a method throws becomes an error of the
 * plugin's: a {@link PjrtException} keeps its code.
 */
public interface KeyValueStore {
    /**
     * The value of a key, as soon as somebody has put it.
     *
     * @throws PjrtException {@code DEADLINE_EXCEEDED} if nobody did within {@code limit}
     */
    byte[] get(String key, Duration limit) throws PjrtException;

    /** The value of a key, if somebody has put it. Does not wait. */
    Optional<byte[]> tryGet(String key) throws PjrtException;

    /** Puts a value, which readers see from then on. */
    void put(String key, byte[] value) throws PjrtException;
}
