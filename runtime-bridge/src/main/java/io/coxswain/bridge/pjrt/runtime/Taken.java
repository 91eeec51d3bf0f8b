package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.spi.Assignment;

/**
 * A rank with its live state.
 *
 * @param state held by this rank
 */
record Taken(Assignment assignment, ShardPlan plan, DeviceState state) {
    Taken with(DeviceState newState) {
        return new Taken(assignment, plan, newState);
    }
}
