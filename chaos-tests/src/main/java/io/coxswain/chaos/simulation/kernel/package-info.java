/** Virtual time, seeded randomness, the queue of events, and the trace. */
@NullMarked
package io.coxswain.chaos.simulation.kernel;

import org.jspecify.annotations.NullMarked;
