package io.coxswain.agent.core.model;

/** A committed snapshot or copy in this agent's arena. */
public record HeldState(StateName state, Digest digest, long bytes) {}
