/** Oracles that must be able to say no. */
@NullMarked
package io.coxswain.chaos.checker;

import org.jspecify.annotations.NullMarked;
