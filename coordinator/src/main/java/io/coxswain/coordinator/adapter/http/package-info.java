/** What a coordinator shows over HTTP: metrics, probes and the page. */
@NullMarked
package io.coxswain.coordinator.adapter.http;

import org.jspecify.annotations.NullMarked;
