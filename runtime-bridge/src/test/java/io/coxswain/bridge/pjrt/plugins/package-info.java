@NullMarked
package io.coxswain.bridge.pjrt.plugins;

import org.jspecify.annotations.NullMarked;
