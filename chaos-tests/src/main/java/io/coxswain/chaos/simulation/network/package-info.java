/** The simulated network: delays, cuts, resets; in order inside a connection. */
@NullMarked
package io.coxswain.chaos.simulation.network;

import org.jspecify.annotations.NullMarked;
