/**
 * The runtimes of this machine: installs, lists and removes them, runs what needs Python, and asks
 * in a process of its own what a plugin is, since a plugin may end the process that loads it.
 */
@NullMarked
package io.coxswain.launcher.runtimes;

import org.jspecify.annotations.NullMarked;
