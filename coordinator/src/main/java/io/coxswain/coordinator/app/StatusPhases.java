package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
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

    /**
     * True if a job may be told while the store is out of reach. Training goes on by reports,
     * copies and ticks; what else a tick looks at follows from others.
     */
    static boolean isHarmless(JobEvent event) {
        return event instanceof JobEvent.ProgressReported
                || event instanceof JobEvent.CopyHeldReported
                || event instanceof JobEvent.ViewPersisted
                || event instanceof JobEvent.ResultPersisted
                || event instanceof JobEvent.AccountPersisted
                || (event instanceof JobEvent.TimerFired fired
                        && fired.kind() == JobEffect.TimerKind.TICK);
    }
}
