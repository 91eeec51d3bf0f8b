/** Coordinators and agents as processes that run the production cores. */
@NullMarked
package io.coxswain.chaos.simulation.process;

import org.jspecify.annotations.NullMarked;
