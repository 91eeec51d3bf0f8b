@NullMarked
package io.coxswain.bridge.pjrt.runtime;

import org.jspecify.annotations.NullMarked;
