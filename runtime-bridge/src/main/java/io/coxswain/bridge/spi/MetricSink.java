package io.coxswain.bridge.spi;

/** Where a runtime tells what it measures, for whoever watches the job. Any thread; never waits. */
@FunctionalInterface
public interface MetricSink {
    /** The most names that a program may use; further ones are left out, with a warning. */
    int MOST_NAMES = 32;

    /** The most characters of a name. */
    int MOST_CHARACTERS = 64;

    /**
     * Tells a value. Of each name the newest counts; it reaches the coordinator within about a
     * second.
     *
     * @param name 1 to {@value #MOST_CHARACTERS} characters
     * @param value NaN and infinities are shown as they are
     */
    void report(String name, double value);
}
