/** The invariants of the design, each in a class with its name. */
@NullMarked
package io.coxswain.chaos.simulation.invariant;

import org.jspecify.annotations.NullMarked;
