/** The simulated ZooKeeper: a tree, sessions, watches. */
@NullMarked
package io.coxswain.chaos.simulation.zookeeper;

import org.jspecify.annotations.NullMarked;
