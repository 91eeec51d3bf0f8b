/** Tests of the capacity planner. */
@NullMarked
package io.coxswain.chaos.planning;

import org.jspecify.annotations.NullMarked;
