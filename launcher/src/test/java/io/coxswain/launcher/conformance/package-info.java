@NullMarked
package io.coxswain.launcher.conformance;

import org.jspecify.annotations.NullMarked;
