package io.coxswain.coordinator.core.ledger;

import java.util.Locale;

/** At every instant each slot is in exactly one of these (design §8). */
public enum Category {
    PRODUCTIVE,
    STARTUP,
    COMPILE,
    DATA_WAIT,
    SNAPSHOT_STALL,
    STRAGGLER_WAIT,
    DETECTION,
    RECOVERY_FENCE,
    RECOVERY_DECIDE,
    RECOVERY_RESTORE,
    RECOVERY_RESUME,
    LOST_PROGRESS,
    AUDIT,
    DEGRADED,
    CONTROLLER_WAIT,
    PAUSED,
    OTHER;

    /** The name in reports and metrics: lower case with underscores. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
