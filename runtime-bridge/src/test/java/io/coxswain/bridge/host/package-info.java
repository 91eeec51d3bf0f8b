@NullMarked
package io.coxswain.bridge.host;

import org.jspecify.annotations.NullMarked;
