/** Tests of the capacity planner. */
@NullMarked
package io.coxswain.chaos.planning.report;

import org.jspecify.annotations.NullMarked;
