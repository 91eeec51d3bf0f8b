/** Brings faults about when their coordinates are reached, and heals every one of them. */
@NullMarked
package io.coxswain.chaos.nemesis;

import org.jspecify.annotations.NullMarked;
