/** Which finished jobs are still kept. */
@NullMarked
package io.coxswain.coordinator.core.retention;

import org.jspecify.annotations.NullMarked;
