/** Who is alive, who hangs. */
@NullMarked
package io.coxswain.coordinator.core.liveness;

import org.jspecify.annotations.NullMarked;
