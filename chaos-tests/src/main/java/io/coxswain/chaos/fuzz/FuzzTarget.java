package io.coxswain.chaos.fuzz;

import java.util.List;

/** A parser that is fed. Used by one thread. */
public interface FuzzTarget extends AutoCloseable {
    /** On command lines and in replays. */
    String name();

    /** What stands in the way of many inputs a second counts for more: its share of a run. */
    int weight();

    /** Good inputs, from which bad ones are made. */
    List<byte[]> seeds();

    /**
     * Feeds an input. Returns, or throws what the parser may throw.
     *
     * @throws Exception a refusal if {@link #isRefusal} says so; else a find
     */
    void feed(byte[] input) throws Exception;

    /** Whether the parser may refuse with that. */
    boolean isRefusal(Throwable thrown);

    @Override
    default void close() {}
}
