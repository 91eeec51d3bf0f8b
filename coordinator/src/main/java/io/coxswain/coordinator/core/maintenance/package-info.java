/** Planned work: agents that are to have no rank and no copies, and when they have none. */
@NullMarked
package io.coxswain.coordinator.core.maintenance;

import org.jspecify.annotations.NullMarked;
