package io.coxswain.bridge.spi;

/**
 * Makes runtimes of one kind. Found with {@link java.util.ServiceLoader}, for which it needs a
 * public constructor without parameters, or given to the host. Making it should cost nothing: each
 * worker makes all that are on its class path, to ask for their kinds.
 */
public interface RuntimeFactory {
    /** The kind's name, as {@code runtime.kind} has it in a job file. */
    String kind();

    /**
     * A new runtime, with nothing loaded. Called once per job, after {@link TrainingRuntime#close}
     * of the job before.
     */
    TrainingRuntime create();
}
