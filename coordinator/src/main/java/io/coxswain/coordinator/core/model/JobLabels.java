package io.coxswain.coordinator.core.model;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The bounds of a job's labels. Keys and values are such as Kubernetes takes too, so that labels
 * can travel. Stateless.
 */
public final class JobLabels {
    /** Labels of one job. */
    public static final int MOST = 32;

    private static final int LONGEST = 63;

    public static final String KEY_EXPECTED =
            "a key of 1 to 63 of the characters A-Z a-z 0-9 . _ / -, the first and the last a"
                    + " letter or digit";
    public static final String VALUE_EXPECTED =
            "a value of 1 to 63 of the characters A-Z a-z 0-9 . _ -, the first and the last a"
                    + " letter or digit";

    private JobLabels() {}

    public static boolean isKey(String text) {
        return consistsOf(text, "._/-");
    }

    public static boolean isValue(String text) {
        return consistsOf(text, "._-");
    }

    private static boolean consistsOf(String text, String others) {
        if (text.isEmpty() || text.length() > LONGEST) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char at = text.charAt(i);
            boolean within = i > 0 && i < text.length() - 1;
            if (!alphanumeric(at) && !(within && others.indexOf(at) >= 0)) {
                return false;
            }
        }
        return true;
    }

    private static boolean alphanumeric(char at) {
        return (at >= 'A' && at <= 'Z') || (at >= 'a' && at <= 'z') || (at >= '0' && at <= '9');
    }

    // Ordered by key, so that two equal jobs are encoded alike.
    static Map<String, String> checked(String jobId, Map<String, String> labels) {
        if (labels.size() > MOST) {
            throw new IllegalArgumentException(
                    "job " + jobId + " has " + labels.size() + " labels; expected at most " + MOST);
        }
        labels.forEach((key, value) -> {
            if (!isKey(key)) {
                throw new IllegalArgumentException(
                        "job " + jobId + ", label '" + key + "': expected " + KEY_EXPECTED);
            }
            if (!isValue(value)) {
                throw new IllegalArgumentException(
                        "job "
                                + jobId
                                + ", label "
                                + key
                                + ": found '"
                                + value
                                + "', expected "
                                + VALUE_EXPECTED);
            }
        });
        return Collections.unmodifiableMap(new TreeMap<>(labels));
    }
}
