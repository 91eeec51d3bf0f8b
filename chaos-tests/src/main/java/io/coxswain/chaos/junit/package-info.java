/** Chaos in other people's test suites: a JUnit extension that starts and judges clusters. */
@NullMarked
package io.coxswain.chaos.junit;

import org.jspecify.annotations.NullMarked;
