/** Tests of the capacity planner. */
@NullMarked
package io.coxswain.chaos.planning.failure;

import org.jspecify.annotations.NullMarked;
