package io.coxswain.chaos.checker;

import org.jspecify.annotations.Nullable;

/**
 * What the same job comes to when nothing goes wrong.
 *
 * @param digest of the final state
 * @param loss final; null if the job has none
 */
public record Reference(String digest, @Nullable Double loss) {}
