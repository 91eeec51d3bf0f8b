package io.coxswain.coordinator.core.job;

import java.util.EnumSet;
import java.util.Set;

/**
 * Where a job stands. {@link #next()} is the whole diagram; {@link Job#enter} refuses every other
 * move.
 *
 * <pre>
 *  WAITING ──► PERSISTING ──► PREPARING ──► ACTIVATING ──► ACTIVE ──► FINISHING ──► RECORDING ──► COMPLETED
 *     ▲  ▲         │              │              │           │            │            │  └─────► FAILED
 *     │  │         └──────────────┴──────┬───────┴───────────┴────────────┘            └────────► CANCELLED
 *     │  │                               ▼
 *     │  └──────── RETURN_WAIT ◄──── FENCING ──► PLANNING ──► (as FENCING)
 *     └──────────────────────────────────┘
 * </pre>
 *
 * Every phase that is not over may go to RECORDING: a job can be cancelled at any time.
 */
public enum JobPhase {
    /** Too few agents are ready for the mesh. */
    WAITING,
    /** Agents were told to stop and to say what they have; inventories are awaited. */
    FENCING,
    /** All inventories are in; a member's worker is restarting and keeps its rank. */
    PLANNING,
    /** A shard has no instance left; a holder may come back with its arena. */
    RETURN_WAIT,
    /** The PREPARING record is not durable yet; nobody was told of the view. */
    PERSISTING,
    /** Members restore. */
    PREPARING,
    /** The ACTIVE record is not durable yet; nobody steps. */
    ACTIVATING,
    /** Members step. */
    ACTIVE,
    /** All steps are completed; final states are collected. */
    FINISHING,
    /** The result is not durable yet. */
    RECORDING,
    COMPLETED,
    FAILED,
    CANCELLED;

    /** True when nothing more happens to the job. */
    public boolean over() {
        return switch (this) {
            case COMPLETED, FAILED, CANCELLED -> true;
            case WAITING,
                    FENCING,
                    PLANNING,
                    RETURN_WAIT,
                    PERSISTING,
                    PREPARING,
                    ACTIVATING,
                    ACTIVE,
                    FINISHING,
                    RECORDING ->
                    false;
        };
    }

    /** The phases that may follow this one. */
    public Set<JobPhase> next() {
        return switch (this) {
            case WAITING -> EnumSet.of(WAITING, RETURN_WAIT, PERSISTING, RECORDING);
            case FENCING, PLANNING ->
                    EnumSet.of(WAITING, PLANNING, RETURN_WAIT, PERSISTING, RECORDING);
            case RETURN_WAIT -> EnumSet.of(WAITING, RETURN_WAIT, PERSISTING, RECORDING);
            case PERSISTING -> EnumSet.of(PREPARING, FENCING, RECORDING);
            case PREPARING -> EnumSet.of(ACTIVATING, FENCING, RECORDING);
            case ACTIVATING -> EnumSet.of(ACTIVE, FENCING, RECORDING);
            case ACTIVE -> EnumSet.of(FENCING, FINISHING, RECORDING);
            case FINISHING -> EnumSet.of(FENCING, RECORDING);
            case RECORDING -> EnumSet.of(COMPLETED, FAILED, CANCELLED);
            case COMPLETED, FAILED, CANCELLED -> EnumSet.noneOf(JobPhase.class);
        };
    }
}
