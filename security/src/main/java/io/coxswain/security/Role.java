package io.coxswain.security;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What the holder of a certificate may be. */
public enum Role {
    /** Leads, or stands by. */
    COORDINATOR,
    /** One host's agent; its certificate names it. */
    AGENT,
    /** Submits, cancels and reads. */
    OPERATOR,
    /** Reads. */
    VIEWER;

    /** As it stands in certificates and on command lines. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The role of that word, if there is one. */
    public static Optional<Role> of(String word) {
        return Arrays.stream(values()).filter(role -> role.word().equals(word)).findFirst();
    }

    /** All words, for messages. */
    public static List<String> words() {
        return Arrays.stream(values()).map(Role::word).toList();
    }
}
