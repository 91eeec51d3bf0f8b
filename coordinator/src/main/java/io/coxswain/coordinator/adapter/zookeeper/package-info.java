/** Leadership, durable records and the agents' registrations in ZooKeeper, through Curator. */
@NullMarked
package io.coxswain.coordinator.adapter.zookeeper;

import org.jspecify.annotations.NullMarked;
