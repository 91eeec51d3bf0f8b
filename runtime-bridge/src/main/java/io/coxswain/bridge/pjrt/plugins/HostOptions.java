package io.coxswain.bridge.pjrt.plugins;

/**
 * What a host adds to the create options of a job's clients: a node's number, say, or which devices
 * are its own. The agent hands it to its workers.
 */
public final class HostOptions {
    /** System property of a worker: a JSON object, laid over the job's {@code createOptions}. */
    public static final String PROPERTY = "coxswain.pjrt.createOptions";

    private HostOptions() {}

    /** The JSON object of this process. */
    public static String ofThisProcess() {
        return System.getProperty(PROPERTY, "{}");
    }
}
