/** Typed access to a PJRT plugin: plugin, client, devices, buffers, programs, events. */
@NullMarked
package io.coxswain.bridge.pjrt.client;

import org.jspecify.annotations.NullMarked;
