/**
 * The read model: what a coordinator, its job and its agents look like at one moment, for pages,
 * metrics and commands. Immutable values, built by the decision loop and published; whoever reads
 * them never asks the loop.
 */
@NullMarked
package io.coxswain.coordinator.picture;

import org.jspecify.annotations.NullMarked;
