package io.coxswain.launcher.audit;

import io.coxswain.coordinator.core.ledger.Category;

import java.util.Locale;

/**
 * Where the time of a run went, in the words of the event log. Each has its category of the goodput
 * ledger (design §8), which is finer in some places and coarser in others: the log does not tell
 * detection from rescheduling, and the ledger does not tell a process's start from its first data.
 */
public enum AuditCategory {
    /** Compute of steps that finished and were never rolled back. */
    PRODUCTIVE(Category.PRODUCTIVE),
    /** Data wait of those steps. */
    DATA_WAIT(Category.DATA_WAIT),
    /** Compute and data wait of steps that were rolled back or never finished. */
    LOST_WORK(Category.LOST_PROGRESS),
    CHECKPOINT_SAVE(Category.SNAPSHOT_STALL),
    STARTUP(Category.STARTUP),
    /** From a failure until a process runs again. */
    RECOVERY_INFRA(Category.DETECTION),
    RECOVERY_INIT(Category.RECOVERY_RESUME),
    RECOVERY_RESTORE(Category.RECOVERY_RESTORE),
    RECOVERY_FIRST_DATA(Category.RECOVERY_RESUME),
    /** A change of the members in place. */
    RECONFIGURE(Category.RECOVERY_DECIDE),
    /** A hang without rollback. */
    STALL(Category.STRAGGLER_WAIT),
    /** Workers that are not there; in worker-seconds only. */
    CAPACITY_DOWN(Category.DEGRADED),
    /** What the log does not explain. */
    OTHER(Category.OTHER);

    private final Category ledger;

    AuditCategory(Category ledger) {
        this.ledger = ledger;
    }

    /** What the goodput ledger calls it. */
    public Category ledger() {
        return ledger;
    }

    /** The name in the log's format and in reports: lower case with underscores. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
