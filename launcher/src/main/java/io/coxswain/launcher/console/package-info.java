/** What people see: lines, one status line, numbers with units. */
@NullMarked
package io.coxswain.launcher.console;

import org.jspecify.annotations.NullMarked;
