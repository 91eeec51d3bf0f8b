/**
 * What a runtime on the JVM implements to be hosted by a worker process. A runtime in another
 * language speaks the bridge protocol itself ({@code docs/bridge.md}) and needs none of this.
 *
 * <p>Implement {@link io.coxswain.bridge.spi.TrainingRuntime} and {@link
 * io.coxswain.bridge.spi.RuntimeFactory}, name the factory in {@code
 * META-INF/services/io.coxswain.bridge.spi.RuntimeFactory}, and start {@link
 * io.coxswain.bridge.host.WorkerMain} with your jar on its class path and your kind as its
 * argument; {@code coxswain conformance} then says whether it keeps the rules.
 *
 * <p>The types name no protocol messages: the host translates. Errors for the person who wrote the
 * job are {@link io.coxswain.bridge.spi.RuntimeFault}s with a code; anything else that a runtime
 * throws is a bug of the runtime.
 */
@NullMarked
package io.coxswain.bridge.spi;

import org.jspecify.annotations.NullMarked;
