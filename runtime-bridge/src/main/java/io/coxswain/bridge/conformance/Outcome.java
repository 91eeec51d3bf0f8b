package io.coxswain.bridge.conformance;

/** How a check ended. */
public sealed interface Outcome {
    /**
     * The worker keeps the rule.
     *
     * @param note what was seen, such as how long something took; may be empty
     */
    record Passed(String note) implements Outcome {}

    /**
     * The worker breaks the rule.
     *
     * @param expected what should have come
     * @param found what came
     * @param lastWords the end of what the worker printed, at most 2,000 characters; may be empty
     */
    record Failed(String expected, String found, String lastWords) implements Outcome {}

    /**
     * The check does not apply to this worker, or needs something that was not given.
     *
     * @param reason which, and what would make it run
     */
    record Skipped(String reason) implements Outcome {}
}
