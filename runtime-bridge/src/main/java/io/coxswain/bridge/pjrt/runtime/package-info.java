/**
 * The PJRT runtime: runs a program bundle on the devices of an XLA plugin. The live state stays on
 * the device; parameters, gradients and snapshots go to and from the arena without a copy on the
 * Java heap.
 */
@NullMarked
package io.coxswain.bridge.pjrt.runtime;

import org.jspecify.annotations.NullMarked;
