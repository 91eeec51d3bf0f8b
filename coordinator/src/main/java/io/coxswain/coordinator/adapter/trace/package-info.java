/** Incidents and sampled steps as OpenTelemetry spans; the embedder brings the SDK. */
@NullMarked
package io.coxswain.coordinator.adapter.trace;

import org.jspecify.annotations.NullMarked;
