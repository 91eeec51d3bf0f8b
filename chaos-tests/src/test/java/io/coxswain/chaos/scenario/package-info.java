/** The language of scenarios and its files. */
@NullMarked
package io.coxswain.chaos.scenario;

import org.jspecify.annotations.NullMarked;
