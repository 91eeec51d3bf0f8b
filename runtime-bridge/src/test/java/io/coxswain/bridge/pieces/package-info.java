/** Tests of the algebra of pieces. */
@NullMarked
package io.coxswain.bridge.pieces;

import org.jspecify.annotations.NullMarked;
