package io.coxswain.coordinator.core.maintenance;

import java.util.Locale;

/** How far an agent is from being taken away. */
public enum MaintenanceState {
    /** It takes ranks and copies. */
    IN_SERVICE,
    /** It keeps what it has and gets nothing new. */
    CORDONED,
    /** It is to lose what it has. */
    DRAINING,
    /** Nothing depends on it: it may be ended. */
    DRAINED;

    /** The word for it in events, metrics and answers. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
