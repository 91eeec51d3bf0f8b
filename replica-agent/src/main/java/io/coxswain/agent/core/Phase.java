package io.coxswain.agent.core;

/**
 * Where an agent stands.
 *
 * <pre>
 * NO_JOB ──offer──► WARMING ──loaded──► STANDBY ──fence──► FENCING ──quiet──► FENCED
 *    ▲                                     │                  ▲                  │
 *    │                                     └─────order────────┼──────► RESTORING ◄┘
 *    └──end (from anywhere)                                   │            │ restored
 *                                                     fence   │            ▼
 *                                             (from anywhere) │        VIEW_READY ──start──► GATHERING ──gathered──► STEPPING
 * </pre>
 */
public enum Phase {
    /** Holds no job. */
    NO_JOB,
    /** A worker is being started or loads the job's program. */
    WARMING,
    /** Can take a rank; a spare stays here. */
    STANDBY,
    /** Promised an epoch; waits until nothing changes the state any more. */
    FENCING,
    /** Answered with its inventory. */
    FENCED,
    /** Brings its state to a view's base. */
    RESTORING,
    /** Told the leader so. */
    VIEW_READY,
    /** The view has begun; parameters of the base are being gathered. */
    GATHERING,
    /** Makes steps as far as credits, lease and the job go. */
    STEPPING
}
