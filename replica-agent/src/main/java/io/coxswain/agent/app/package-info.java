/**
 * The decision loop of an agent: one thread, the ports it acts through, and nothing that knows
 * sockets, ZooKeeper or files.
 */
@NullMarked
package io.coxswain.agent.app;

import org.jspecify.annotations.NullMarked;
