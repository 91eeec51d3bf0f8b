/**
 * What stands between an agent and its leader when words are to go wrong: a gRPC interceptor, and
 * the main class of the agents that have it. Nothing of it is in the agents of a release.
 */
@NullMarked
package io.coxswain.chaos.words;

import org.jspecify.annotations.NullMarked;
