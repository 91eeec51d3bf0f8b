package io.coxswain.launcher.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** The valid name that a mistyped one was most likely meant to be. */
public final class Nearest {
    private Nearest() {}

    /**
     * The candidate with the least edit distance (Levenshtein 1966, case ignored), if it is near
     * enough to be a slip.
     */
    public static Optional<String> of(String typed, Collection<String> candidates) {
        return candidates.stream()
                .min(
                        Comparator.<String>comparingInt(candidate -> distance(typed, candidate))
                                .thenComparing(Comparator.naturalOrder()))
                .filter(candidate ->
                        distance(typed, candidate)
                                <= Math.max(2, Math.max(typed.length(), candidate.length()) / 2));
    }

    private static int distance(String a, String b) {
        String left = a.toLowerCase(Locale.ROOT);
        String right = b.toLowerCase(Locale.ROOT);
        int[] previous = new int[right.length() + 1];
        for (int j = 0; j <= right.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= left.length(); i++) {
            int[] row = new int[right.length() + 1];
            row[0] = i;
            for (int j = 1; j <= right.length(); j++) {
                int substitution =
                        previous[j - 1] + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(substitution, Math.min(previous[j], row[j - 1]) + 1);
            }
            previous = row;
        }
        return previous[right.length()];
    }
}
