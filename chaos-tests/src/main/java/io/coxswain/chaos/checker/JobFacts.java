package io.coxswain.chaos.checker;

/**
 * What the job was asked to do.
 *
 * @param steps in all
 * @param batch samples per step
 */
public record JobFacts(long steps, int batch) {}
