/** The agent's side of the bridge: starts the worker process, talks to it, and takes it down. */
@NullMarked
package io.coxswain.agent.worker;

import org.jspecify.annotations.NullMarked;
