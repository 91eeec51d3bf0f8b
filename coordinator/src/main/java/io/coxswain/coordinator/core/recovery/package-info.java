/** From which step, on whom and from whose memory a job goes on. */
@NullMarked
package io.coxswain.coordinator.core.recovery;

import org.jspecify.annotations.NullMarked;
