/** What fails, where, when and for how long: fleets, failure models and traces. */
@NullMarked
package io.coxswain.chaos.planning.failure;

import org.jspecify.annotations.NullMarked;
