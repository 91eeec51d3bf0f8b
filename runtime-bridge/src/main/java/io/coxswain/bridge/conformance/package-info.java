/**
 * Checks whether a worker, in whatever language, keeps to {@code docs/bridge.md}: starts it as an
 * agent would, plays the agent's part, well and badly, and compares what comes back with the page's
 * rules. {@link io.coxswain.bridge.conformance.Conformance} is the way in.
 */
@NullMarked
package io.coxswain.bridge.conformance;

import org.jspecify.annotations.NullMarked;
