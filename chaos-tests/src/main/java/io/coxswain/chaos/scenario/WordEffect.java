package io.coxswain.chaos.scenario;

import java.time.Duration;
import java.util.Locale;

/**
 * What happens to single words between an agent and its leader, in both directions.
 *
 * @param probability of each word to be hit, 0 to 1
 * @param latest how much later a word, or its double, comes at most; how late each one comes is
 *     drawn
 * @param seed of what is drawn; each agent draws its own
 */
public record WordEffect(Kind kind, double probability, Duration latest, long seed) {
    public WordEffect {
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException(
                    "a probability of " + probability + "; expected 0 to 1");
        }
        if (latest.isNegative()) {
            throw new IllegalArgumentException(latest.toMillis() + " ms later; expected 0 or more");
        }
    }

    /** The ways in which words go wrong. */
    public enum Kind {
        /** A word comes again, later. */
        DUPLICATE,
        /** A word is overtaken by some of those behind it. */
        REORDER,
        /** A word comes later, and all that are behind it wait. */
        DELAY
    }

    /** In words, after whose it is. */
    public String text() {
        String share = String.format(Locale.ROOT, "%.0f%% of the words", 100 * probability);
        return switch (kind) {
            case DUPLICATE -> share + " come twice";
            case REORDER -> share + " are overtaken";
            case DELAY -> share + " come up to " + latest.toMillis() + " ms later";
        };
    }
}
