/** Tests of the capacity planner. */
@NullMarked
package io.coxswain.chaos.planning.policy;

import org.jspecify.annotations.NullMarked;
