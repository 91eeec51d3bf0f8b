/**
 * Which samples a step trains on: pure functions of (seed, step) that all runtimes on the JVM
 * share, so that a job consumes its data in the same order whatever runs it; and how they find and
 * hash what they are given.
 */
@NullMarked
package io.coxswain.bridge.data;

import org.jspecify.annotations.NullMarked;
