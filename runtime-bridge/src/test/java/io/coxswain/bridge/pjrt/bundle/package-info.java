@NullMarked
package io.coxswain.bridge.pjrt.bundle;

import org.jspecify.annotations.NullMarked;
