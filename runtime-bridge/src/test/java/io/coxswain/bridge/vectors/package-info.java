/** The bytes of {@code src/test/vectors/bridge.json}, which Java and Python tests share. */
@NullMarked
package io.coxswain.bridge.vectors;

import org.jspecify.annotations.NullMarked;
