/** The nemesis against a stage without processes. */
@NullMarked
package io.coxswain.chaos.nemesis;

import org.jspecify.annotations.NullMarked;
