/** How faults reach agents of a cluster that somebody else started: signals, ssh, kubectl. */
@NullMarked
package io.coxswain.chaos.port;

import org.jspecify.annotations.NullMarked;
