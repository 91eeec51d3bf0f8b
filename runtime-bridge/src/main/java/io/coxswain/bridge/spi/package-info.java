/**
 * What a runtime on the JVM implements to be hosted by a worker process. A runtime in another
 * language speaks the bridge protocol itself and needs none of this.
 *
 * <p>The types name no protocol messages: the host translates. Errors for the person who wrote the
 * job are {@link io.coxswain.bridge.spi.RuntimeFault}s with a code; anything else that a runtime
 * throws is a bug of the runtime.
 */
@NullMarked
package io.coxswain.bridge.spi;

import org.jspecify.annotations.NullMarked;
