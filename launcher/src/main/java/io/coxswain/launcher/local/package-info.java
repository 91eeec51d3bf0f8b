/**
 * The one-machine cluster: embedded ZooKeeper, agents as processes, and faults at logical
 * coordinates.
 */
@NullMarked
package io.coxswain.launcher.local;

import org.jspecify.annotations.NullMarked;
