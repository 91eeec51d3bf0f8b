package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.pause.PauseState;

import org.jspecify.annotations.Nullable;

/** The phases of a job as people are told of them. */
final class StatusPhases {
    private StatusPhases() {}

    /** {@code view}: the newest that was asked to be recorded. */
    static CoordinatorStatus.JobPhase of(JobMachine machine, @Nullable View view) {
        return switch (machine.phase()) {
            case WAITING, RETURN_WAIT -> CoordinatorStatus.JobPhase.WAITING;
            case FENCING, PLANNING -> CoordinatorStatus.JobPhase.RECOVERING;
            case PERSISTING, PREPARING, ACTIVATING ->
                    view != null && view.parentEpoch() > 0
                            ? CoordinatorStatus.JobPhase.RECOVERING
                            : CoordinatorStatus.JobPhase.PREPARING;
            case ACTIVE ->
                    stands(machine)
                            ? CoordinatorStatus.JobPhase.PAUSED
                            : CoordinatorStatus.JobPhase.ACTIVE;
            case FINISHING, RECORDING -> CoordinatorStatus.JobPhase.FINISHING;
            case COMPLETED -> CoordinatorStatus.JobPhase.COMPLETED;
            case FAILED -> CoordinatorStatus.JobPhase.FAILED;
            case CANCELLED -> CoordinatorStatus.JobPhase.CANCELLED;
        };
    }

    /** Its ranks stand, and will until somebody resumes the job. */
    static boolean stands(JobMachine machine) {
        PauseState.Stage stage = machine.pause(0).stage();
        return machine.phase() == JobPhase.ACTIVE
                && (stage == PauseState.Stage.STANDING || stage == PauseState.Stage.RESUMING);
    }

    /** What it waits for, and whether somebody wants it to stand. */
    static String detail(JobMachine machine, String waitingFor, long nowNanos) {
        PauseState state = machine.pause(nowNanos);
        String pause =
                switch (state.stage()) {
                    case NONE, RESUMING -> "";
                    case RECORDING, STOPPING -> "pausing: " + state.reason();
                    case STANDING -> "paused: " + state.reason();
                };
        return pause.isEmpty() || waitingFor.isEmpty()
                ? pause + waitingFor
                : waitingFor + "; " + pause;
    }

    /** What is kept of a wish that the job stands, or goes on. */
    static StoreRecord.Pause record(String jobId, JobEffect.PersistPause pause) {
        return new StoreRecord.Pause(jobId, pause.paused(), pause.reason(), pause.untilNanos());
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
                || event instanceof JobEvent.PausePersisted
                || event instanceof JobEvent.StepsHeld
                || (event instanceof JobEvent.TimerFired fired
                        && fired.kind() == JobEffect.TimerKind.TICK);
    }
}
