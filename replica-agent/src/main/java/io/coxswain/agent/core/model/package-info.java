/** The words of the design as values, as the agent uses them. */
@NullMarked
package io.coxswain.agent.core.model;

import org.jspecify.annotations.NullMarked;
