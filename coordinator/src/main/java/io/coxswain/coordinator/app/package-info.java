/**
 * The coordinator's application: one thread decides, over ports that neither block nor throw.
 * {@link io.coxswain.coordinator.app.CoordinatorCore} holds the logic and needs no thread, so that
 * a simulator can drive it.
 */
@NullMarked
package io.coxswain.coordinator.app;

import org.jspecify.annotations.NullMarked;
