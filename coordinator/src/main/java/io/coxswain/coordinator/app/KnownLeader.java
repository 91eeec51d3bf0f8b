package io.coxswain.coordinator.app;

/**
 * Who leads, as far as is known: a hint for people.
 *
 * @param id empty: unknown, or nobody
 * @param page where its page is; empty: unknown, or it has none
 */
public record KnownLeader(String id, String page) {
    public static final KnownLeader NOBODY = new KnownLeader("", "");
}
