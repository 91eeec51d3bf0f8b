/** How a job's steps are stopped at a step that all ranks have made, and go on (design §5). */
@NullMarked
package io.coxswain.coordinator.core.pause;

import org.jspecify.annotations.NullMarked;
