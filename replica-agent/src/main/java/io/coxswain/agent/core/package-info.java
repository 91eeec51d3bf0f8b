/**
 * The agent's decisions: {@link io.coxswain.agent.core.AgentMachine} takes events with the time and
 * gives effects. No clock, thread, random number, logger or wire format in here.
 */
@NullMarked
package io.coxswain.agent.core;

import org.jspecify.annotations.NullMarked;
