/** The words of the design as values: ids, views, states, inventories. */
@NullMarked
package io.coxswain.coordinator.core.model;

import org.jspecify.annotations.NullMarked;
