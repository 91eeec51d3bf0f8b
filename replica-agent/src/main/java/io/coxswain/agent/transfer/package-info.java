/**
 * The data plane's transport: one listening port, framed connections between agent incarnations.
 */
@NullMarked
package io.coxswain.agent.transfer;

import org.jspecify.annotations.NullMarked;
