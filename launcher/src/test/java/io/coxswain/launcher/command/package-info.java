@NullMarked
package io.coxswain.launcher.command;

import org.jspecify.annotations.NullMarked;
