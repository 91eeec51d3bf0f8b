@NullMarked
package io.coxswain.bridge.arena;

import org.jspecify.annotations.NullMarked;
