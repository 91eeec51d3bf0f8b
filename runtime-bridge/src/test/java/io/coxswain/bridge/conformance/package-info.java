@NullMarked
package io.coxswain.bridge.conformance;

import org.jspecify.annotations.NullMarked;
