package io.coxswain.bridge.conformance;

/** Hears how the kit gets on. Called on the thread that runs it. */
public interface Listener {
    /** A check begins. */
    default void begins(Check check) {}

    /** A check has ended. */
    default void ended(Result result) {}

    /** Hears nothing. */
    Listener NONE = new Listener() {};
}
