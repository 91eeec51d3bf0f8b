/** Looking at programs from outside: their output, their stacks, what was kept of failures. */
@NullMarked
package io.coxswain.launcher.evidence;

import org.jspecify.annotations.NullMarked;
