/** What a coordinator tells its listeners. */
@NullMarked
package io.coxswain.coordinator.core.event;

import org.jspecify.annotations.NullMarked;
