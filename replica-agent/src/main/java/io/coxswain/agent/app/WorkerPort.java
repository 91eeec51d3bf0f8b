package io.coxswain.agent.app;

import io.coxswain.agent.core.WorkerRequest;
import io.coxswain.agent.core.model.JobSpec;
import io.coxswain.agent.core.model.KeyValueReply;

/**
 * The worker process. Nothing here blocks or throws; what happens comes back as events that carry
 * the generation.
 */
public interface WorkerPort {
    void start(int generation, JobSpec job);

    /** Lets the worker exit, or makes it; its exit need not be told. */
    void stop(int generation);

    /** Up the kill ladder; the exit is told. Of one that hangs evidence is taken first. */
    void kill(int generation, String reason, boolean hung);

    /** Kills at once; the exit is told. */
    void replace(int generation, String reason);

    void abort(int generation, long belowEpoch);

    void ask(int generation, WorkerRequest request);

    /** The answer to its request to the key-value store. */
    void answer(int generation, long requestId, KeyValueReply reply);
}
