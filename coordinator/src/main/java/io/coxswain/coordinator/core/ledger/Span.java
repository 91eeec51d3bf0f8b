package io.coxswain.coordinator.core.ledger;

/** The stretches of a run for which goodput is told, each up to now. */
public enum Span {
    FIVE_MINUTES("5m"),
    HOUR("1h"),
    DAY("24h"),
    RUN("run");

    private final String key;

    Span(String key) {
        this.key = key;
    }

    /** The name in reports, metrics and on the command line. */
    public String key() {
        return key;
    }
}
