/** The capacity planner: what a training run would lose, before the machines are bought. */
@NullMarked
package io.coxswain.chaos.planning;

import org.jspecify.annotations.NullMarked;
