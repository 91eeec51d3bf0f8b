@NullMarked
package io.coxswain.launcher.goodput;

import org.jspecify.annotations.NullMarked;
