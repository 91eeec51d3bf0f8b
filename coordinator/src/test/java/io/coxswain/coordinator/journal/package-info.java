@NullMarked
package io.coxswain.coordinator.journal;

import org.jspecify.annotations.NullMarked;
