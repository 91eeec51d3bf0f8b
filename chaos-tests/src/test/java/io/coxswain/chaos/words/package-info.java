/** Tests of what stands between agents and their leader. */
@NullMarked
package io.coxswain.chaos.words;

import org.jspecify.annotations.NullMarked;
