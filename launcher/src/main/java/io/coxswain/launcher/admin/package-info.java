/** Talking to the leading coordinator from the command line. */
@NullMarked
package io.coxswain.launcher.admin;

import org.jspecify.annotations.NullMarked;
