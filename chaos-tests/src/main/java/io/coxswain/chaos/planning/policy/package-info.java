/** Other ways to survive the same failures, and closed formulas to check them by. */
@NullMarked
package io.coxswain.chaos.planning.policy;

import org.jspecify.annotations.NullMarked;
