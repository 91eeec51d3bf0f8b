package io.coxswain.agent.core;

/** What an agent does in a step, as observers see it. */
public enum StepPhase {
    EXECUTE,
    REDUCE,
    APPLY,
    GATHER,
    /** The worker copies its state, computes CRCs and sets the commit mark. */
    SNAPSHOT,
    /** A snapshot is on its way to a holder. */
    COPY,
    /** A view's state is being loaded; the step is the view's base. */
    RESTORE
}
