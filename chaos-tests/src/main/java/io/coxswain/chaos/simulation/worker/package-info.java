/** What a worker computes, and the memory it leaves behind. */
@NullMarked
package io.coxswain.chaos.simulation.worker;

import org.jspecify.annotations.NullMarked;
