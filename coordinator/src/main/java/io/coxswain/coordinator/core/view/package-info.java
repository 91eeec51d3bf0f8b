/** What is derived from a view: step plans, cuts of the batch, credits. */
@NullMarked
package io.coxswain.coordinator.core.view;

import org.jspecify.annotations.NullMarked;
