/**
 * What stands behind the agent's ports: gRPC, ZooKeeper, the bridge to the worker, arena files and
 * the data plane.
 */
@NullMarked
package io.coxswain.agent.adapter;

import org.jspecify.annotations.NullMarked;
