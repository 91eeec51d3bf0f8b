/** The events on disk: a file of JSON lines, its writer and its reader. */
@NullMarked
package io.coxswain.coordinator.journal;

import org.jspecify.annotations.NullMarked;
