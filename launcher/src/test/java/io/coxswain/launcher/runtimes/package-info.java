@NullMarked
package io.coxswain.launcher.runtimes;

import org.jspecify.annotations.NullMarked;
