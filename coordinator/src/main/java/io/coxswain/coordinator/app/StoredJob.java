package io.coxswain.coordinator.app;

import org.jspecify.annotations.Nullable;

/** A job as a new leader finds it in the store. */
public record StoredJob(
        StoreRecord.Spec spec,
        StoreRecord.@Nullable ViewRecord view,
        StoreRecord.@Nullable Account account,
        StoreRecord.@Nullable Result result) {}
