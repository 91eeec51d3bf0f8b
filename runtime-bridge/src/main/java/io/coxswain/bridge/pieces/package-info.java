/**
 * The algebra of pieces: which boxes make a whole state, and which bytes of some fill another
 * (design §1). Pure. The same in Python is {@code coxswain._boxes}.
 */
@NullMarked
package io.coxswain.bridge.pieces;

import org.jspecify.annotations.NullMarked;
