/** The key-value store of a view, through which processes of a runtime find each other. */
@NullMarked
package io.coxswain.coordinator.core.keyvalue;

import org.jspecify.annotations.NullMarked;
