/**
 * Figures of a run beside its account: step times, stragglers, slowdown, failures. All of bounded
 * memory.
 */
@NullMarked
package io.coxswain.coordinator.core.statistics;

import org.jspecify.annotations.NullMarked;
