/** The account of slot-seconds. */
@NullMarked
package io.coxswain.coordinator.core.ledger;

import org.jspecify.annotations.NullMarked;
