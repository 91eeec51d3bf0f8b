package io.coxswain.coordinator.app;

import org.jspecify.annotations.Nullable;

/**
 * A job as a new leader finds it in the store.
 *
 * @param endedMillis when its result was written, in the store's wall time; 0: it has none, or that
 *     is not known
 */
public record StoredJob(
        StoreRecord.Spec spec,
        StoreRecord.@Nullable ViewRecord view,
        StoreRecord.@Nullable Account account,
        StoreRecord.@Nullable Result result,
        StoreRecord.@Nullable Pause pause,
        long endedMillis) {
    /** One that nobody ever paused. */
    public StoredJob(
            StoreRecord.Spec spec,
            StoreRecord.@Nullable ViewRecord view,
            StoreRecord.@Nullable Account account,
            StoreRecord.@Nullable Result result) {
        this(spec, view, account, result, null, 0);
    }
}
