package io.coxswain.coordinator.app;

/**
 * Who leads, as far as is known: a hint for people and clients.
 *
 * @param id empty: unknown, or nobody
 * @param page where its page is; empty: unknown, or it has none
 * @param endpoint {@code host:port} of its control and admin plane; empty: unknown
 */
public record KnownLeader(String id, String page, String endpoint) {
    public static final KnownLeader NOBODY = new KnownLeader("", "");

    /** One whose address is not asked for. */
    public KnownLeader(String id, String page) {
        this(id, page, "");
    }
}
