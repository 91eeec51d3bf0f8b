/** The swarm as a test, and the proof that it finds deliberate bugs. */
@NullMarked
package io.coxswain.chaos.simulation;

import org.jspecify.annotations.NullMarked;
