/**
 * The arena: a file on tmpfs through which an agent and its worker share tensors, and in which
 * snapshots and copies outlive the processes that wrote them. The bytes are described in {@code
 * docs/arena.md}.
 *
 * <p>No lock is ever taken in the file: a writer that dies leaves a slot that is not committed,
 * which nobody trusts.
 */
@NullMarked
package io.coxswain.bridge.arena;

import org.jspecify.annotations.NullMarked;
