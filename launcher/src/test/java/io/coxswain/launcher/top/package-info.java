@NullMarked
package io.coxswain.launcher.top;

import org.jspecify.annotations.NullMarked;
