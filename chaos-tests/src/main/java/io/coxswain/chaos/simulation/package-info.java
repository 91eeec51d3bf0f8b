/** A deterministic simulation of whole clusters around the production cores. */
@NullMarked
package io.coxswain.chaos.simulation;

import org.jspecify.annotations.NullMarked;
