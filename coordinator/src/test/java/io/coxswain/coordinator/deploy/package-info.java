@NullMarked
package io.coxswain.coordinator.deploy;

import org.jspecify.annotations.NullMarked;
