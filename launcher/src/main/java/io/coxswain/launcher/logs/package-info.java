/** Where the command's processes log to. */
@NullMarked
package io.coxswain.launcher.logs;

import org.jspecify.annotations.NullMarked;
