/**
 * Measurements for people, each beside the limit that the same run measured: never part of a test.
 */
@NullMarked
package io.coxswain.launcher.bench;

import org.jspecify.annotations.NullMarked;
