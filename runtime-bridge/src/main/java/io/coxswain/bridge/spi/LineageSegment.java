package io.coxswain.bridge.spi;

/**
 * Steps that one view contributed to the committed history.
 *
 * @param firstStep the first of them
 * @param lastStep the last of them, inclusive
 */
public record LineageSegment(long epoch, long firstStep, long lastStep) {}
