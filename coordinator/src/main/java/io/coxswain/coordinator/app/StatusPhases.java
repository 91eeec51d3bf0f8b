package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.model.View;

import org.jspecify.annotations.Nullable;

/** The phases of a job as people are told of them. */
final class StatusPhases {
    private StatusPhases() {}

    /** {@code view}: the newest that was asked to be recorded. */
    static CoordinatorStatus.JobPhase of(JobPhase phase, @Nullable View view) {
        return switch (phase) {
            case WAITING, RETURN_WAIT -> CoordinatorStatus.JobPhase.WAITING;
            case FENCING, PLANNING -> CoordinatorStatus.JobPhase.RECOVERING;
            case PERSISTING, PREPARING, ACTIVATING ->
                    view != null && view.parentEpoch() > 0
                            ? CoordinatorStatus.JobPhase.RECOVERING
                            : CoordinatorStatus.JobPhase.PREPARING;
            case ACTIVE -> CoordinatorStatus.JobPhase.ACTIVE;
            case FINISHING, RECORDING -> CoordinatorStatus.JobPhase.FINISHING;
            case COMPLETED -> CoordinatorStatus.JobPhase.COMPLETED;
            case FAILED -> CoordinatorStatus.JobPhase.FAILED;
            case CANCELLED -> CoordinatorStatus.JobPhase.CANCELLED;
        };
    }
}
