/** One training run on a one-machine cluster, from the command line to the report. */
@NullMarked
package io.coxswain.launcher.train;

import org.jspecify.annotations.NullMarked;
