/**
 * Hostile input: what was recorded from a real run is mutated by seeded random numbers and fed to
 * every parser. A parser may refuse, in one of its own words; anything else is a find.
 */
@NullMarked
package io.coxswain.chaos.fuzz;

import org.jspecify.annotations.NullMarked;
