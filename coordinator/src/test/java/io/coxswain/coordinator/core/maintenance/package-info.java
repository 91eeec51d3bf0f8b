@NullMarked
package io.coxswain.coordinator.core.maintenance;

import org.jspecify.annotations.NullMarked;
