/** What a leader does about those who say that another leads. */
@NullMarked
package io.coxswain.coordinator.core.term;

import org.jspecify.annotations.NullMarked;
