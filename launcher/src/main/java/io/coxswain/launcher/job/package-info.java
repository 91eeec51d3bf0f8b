/** The job file: its fields, defaults and bounds. */
@NullMarked
package io.coxswain.launcher.job;

import org.jspecify.annotations.NullMarked;
