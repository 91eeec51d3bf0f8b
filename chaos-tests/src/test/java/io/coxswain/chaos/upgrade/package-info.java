/** Versions that run side by side. */
@NullMarked
package io.coxswain.chaos.upgrade;

import org.jspecify.annotations.NullMarked;
