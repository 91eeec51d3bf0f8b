package io.coxswain.coordinator.app;

/**
 * Durable records, fenced by the term. No method blocks or throws; the outcome comes back as {@link
 * CoordinatorInput.StoreAnswered} with the same id.
 *
 * <p>The caller has at most one request per record (job and kind) under way.
 */
public interface StorePort {
    /** Writes the record if the term is still this leader's. Idempotent. */
    void write(long writeId, StoreRecord record);

    /**
     * Reads the record again after an unknown outcome: {@link WriteOutcome#DURABLE} if it is there
     * as given, {@link WriteOutcome#ABSENT} if it is not, {@link WriteOutcome#REFUSED} if the term
     * has moved on, else {@link WriteOutcome#UNKNOWN}.
     */
    void verify(long writeId, StoreRecord record);
}
