/** How fast the pure cores decide: JMH benchmarks, and the recordings that they play. */
@NullMarked
package io.coxswain.benchmarks;

import org.jspecify.annotations.NullMarked;
