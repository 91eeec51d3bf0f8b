/**
 * The replica agent: what a host of accelerators runs beside its worker. {@link
 * io.coxswain.agent.ReplicaAgent} assembles it.
 */
@NullMarked
package io.coxswain.agent;

import org.jspecify.annotations.NullMarked;
