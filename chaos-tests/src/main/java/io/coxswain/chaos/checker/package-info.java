/** Judges what a scenario did: the invariants, the oracles chosen, and the table of faults. */
@NullMarked
package io.coxswain.chaos.checker;

import org.jspecify.annotations.NullMarked;
