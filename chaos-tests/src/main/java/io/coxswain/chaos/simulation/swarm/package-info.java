/** Seeds drawn into clusters, jobs and faults; the command that runs them. */
@NullMarked
package io.coxswain.chaos.simulation.swarm;

import org.jspecify.annotations.NullMarked;
