package io.coxswain.bridge.conformance;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What the kit found.
 *
 * @param runtimeKind what the worker called itself; empty if it never said hello
 * @param seed of the random moments: the same seed chooses the same ones again
 * @param results one per check that was asked for, in order
 */
public record Report(String runtimeKind, long seed, List<Result> results) {
    /** Copies the list. */
    public Report {
        results = List.copyOf(results);
    }

    /** Whether no check failed. Skipped ones count as neither. */
    public boolean passed() {
        return failures().isEmpty();
    }

    /** The checks that failed. */
    public List<Result> failures() {
        return results.stream().filter(Result::failed).toList();
    }

    /** How a check ended. */
    public Outcome outcome(String check) {
        return results.stream()
                .filter(result -> result.check().name().equals(check))
                .map(Result::outcome)
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("no check '%s' was run".formatted(check)));
    }

    /** One line per failure: which, what was expected, what came, last words. Empty if none. */
    public String failureText() {
        return failures().stream()
                .map(result -> {
                    Outcome.Failed failed = (Outcome.Failed) result.outcome();
                    return "%s (%s): expected %s; found %s%s"
                            .formatted(
                                    result.check().name(),
                                    result.check().place(),
                                    failed.expected(),
                                    failed.found(),
                                    failed.lastWords().isEmpty()
                                            ? ""
                                            : "; last words: " + failed.lastWords().strip());
                })
                .collect(Collectors.joining("\n"));
    }
}
