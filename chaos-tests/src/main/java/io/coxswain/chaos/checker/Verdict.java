package io.coxswain.chaos.checker;

/**
 * What an oracle says.
 *
 * @param says what was seen, in one line; of a failure also what was expected
 */
public record Verdict(String oracle, boolean holds, String says) {
    public static Verdict holds(String oracle, String says) {
        return new Verdict(oracle, true, says);
    }

    public static Verdict fails(String oracle, String says) {
        return new Verdict(oracle, false, says);
    }
}
