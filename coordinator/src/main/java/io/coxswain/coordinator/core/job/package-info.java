/** The life of one job: its machine, the events it takes and the effects it asks for. */
@NullMarked
package io.coxswain.coordinator.core.job;

import org.jspecify.annotations.NullMarked;
