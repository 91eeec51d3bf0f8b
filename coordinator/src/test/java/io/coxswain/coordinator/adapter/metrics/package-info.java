@NullMarked
package io.coxswain.coordinator.adapter.metrics;

import org.jspecify.annotations.NullMarked;
