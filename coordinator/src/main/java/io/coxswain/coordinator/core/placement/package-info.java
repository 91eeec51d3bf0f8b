/** Who holds copies of whose state. */
@NullMarked
package io.coxswain.coordinator.core.placement;

import org.jspecify.annotations.NullMarked;
