package io.coxswain.bridge.conformance;

/** A check, how it ended, and how long it took. */
public record Result(Check check, Outcome outcome, long nanos) {
    /** Whether the worker breaks the rule. */
    public boolean failed() {
        return outcome instanceof Outcome.Failed;
    }
}
