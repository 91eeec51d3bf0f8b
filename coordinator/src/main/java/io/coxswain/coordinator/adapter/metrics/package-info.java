/** What a coordinator tells meter registries; {@code docs/metrics.md} lists every metric. */
@NullMarked
package io.coxswain.coordinator.adapter.metrics;

import org.jspecify.annotations.NullMarked;
