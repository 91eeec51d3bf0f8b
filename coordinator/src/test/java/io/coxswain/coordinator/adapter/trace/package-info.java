@NullMarked
package io.coxswain.coordinator.adapter.trace;

import org.jspecify.annotations.NullMarked;
