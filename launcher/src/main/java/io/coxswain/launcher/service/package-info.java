/** A coordinator or an agent as a process of its own, set up by a file. */
@NullMarked
package io.coxswain.launcher.service;

import org.jspecify.annotations.NullMarked;
