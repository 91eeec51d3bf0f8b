package io.coxswain.bridge.host;

/**
 * What the worker does now, as a heartbeat tells it.
 *
 * @param operation idle, load, warm_up, restore, execute, apply, snapshot or finish
 */
record Activity(String operation, long step) {
    static final Activity IDLE = new Activity("idle", 0);
}
