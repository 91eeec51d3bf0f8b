/**
 * The embedding API: build a {@link io.coxswain.coordinator.Coordinator}, submit jobs, listen to
 * what happens, read reports.
 */
@NullMarked
package io.coxswain.coordinator;

import org.jspecify.annotations.NullMarked;
