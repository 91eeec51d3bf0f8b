/**
 * Reduce-scatter and all-gather on host memory, between the agents of a view, bit-identical on
 * every mesh.
 */
@NullMarked
package io.coxswain.agent.collective;

import org.jspecify.annotations.NullMarked;
