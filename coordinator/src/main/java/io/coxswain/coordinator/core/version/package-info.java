/** Which versions of a protocol go together. */
@NullMarked
package io.coxswain.coordinator.core.version;

import org.jspecify.annotations.NullMarked;
