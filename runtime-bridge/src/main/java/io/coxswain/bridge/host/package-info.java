/**
 * The worker's side of the bridge: a process that an agent starts, that hosts a {@link
 * io.coxswain.bridge.spi.TrainingRuntime} and answers the agent's requests on a Unix-domain socket.
 *
 * <p>{@link io.coxswain.bridge.host.FrameChannel} and {@link io.coxswain.bridge.host.WorkerJvm}
 * serve the agent's side too.
 */
@NullMarked
package io.coxswain.bridge.host;

import org.jspecify.annotations.NullMarked;
