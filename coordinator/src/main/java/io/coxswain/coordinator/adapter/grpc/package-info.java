/** The control and admin planes over gRPC, and the dialler of the agents' data plane. */
@NullMarked
package io.coxswain.coordinator.adapter.grpc;

import org.jspecify.annotations.NullMarked;
