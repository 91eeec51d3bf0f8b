package io.coxswain.bridge.spi;

/** Makes runtimes of one kind. Found with {@link java.util.ServiceLoader}, or given to the host. */
public interface RuntimeFactory {
    /** The kind's name, as {@code runtime.kind} has it in a job file. */
    String kind();

    /** A new runtime, with nothing loaded. */
    TrainingRuntime create();
}
