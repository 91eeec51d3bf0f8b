package io.coxswain.bridge.pjrt.client;

import java.lang.foreign.MemorySegment;

/** A device that a client can use. Belongs to the client and is of no use once that is closed. */
public final class PjrtDevice {
    private final PjrtClient client;
    private final MemorySegment address;
    private final int id;
    private final String kind;

    PjrtDevice(PjrtClient client, MemorySegment address, int id, String kind) {
        this.client = client;
        this.address = address;
        this.id = id;
        this.kind = kind;
    }

    /** Its number among all devices of the job's clients; not always counted from 0. */
    public int id() {
        return id;
    }

    /** What it is, in the plugin's words: {@code cpu}, {@code NVIDIA H100}. */
    public String kind() {
        return kind;
    }

    PjrtClient client() {
        return client;
    }

    MemorySegment address() {
        return address;
    }

    /** As in {@code cpu:0}. */
    @Override
    public String toString() {
        return client.platformName() + ":" + id;
    }
}
