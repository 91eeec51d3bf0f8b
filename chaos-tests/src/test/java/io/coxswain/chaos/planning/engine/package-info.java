/** Tests of the capacity planner. */
@NullMarked
package io.coxswain.chaos.planning.engine;

import org.jspecify.annotations.NullMarked;
