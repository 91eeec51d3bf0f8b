package io.coxswain.bridge.pjrt.client;

/** Something that a client closes at the latest when it is closed itself. */
interface Owned extends AutoCloseable {
    @Override
    void close();
}
