/** Tests of the kernel's own promises. */
@NullMarked
package io.coxswain.chaos.simulation.kernel;

import org.jspecify.annotations.NullMarked;
