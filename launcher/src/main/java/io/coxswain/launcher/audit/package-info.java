/**
 * The account of a run that was not under Coxswain, from a neutral event log: {@link
 * io.coxswain.launcher.audit.LogReader} reads, {@link io.coxswain.launcher.audit.RunHistory}
 * decides what was going on, {@link io.coxswain.launcher.audit.RunAccount} sums. Nothing here
 * starts, waits or asks for the time; one thread.
 */
@NullMarked
package io.coxswain.launcher.audit;

import org.jspecify.annotations.NullMarked;
