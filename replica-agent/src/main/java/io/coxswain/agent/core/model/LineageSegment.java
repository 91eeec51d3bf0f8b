package io.coxswain.agent.core.model;

/** Steps {@code firstStep..lastStep} of the completed history were made in view {@code epoch}. */
public record LineageSegment(long epoch, long firstStep, long lastStep) {}
