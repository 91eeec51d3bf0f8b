/** What a coordinator shows over HTTP: metrics and probes. */
@NullMarked
package io.coxswain.coordinator.adapter.http;

import org.jspecify.annotations.NullMarked;
