/**
 * A certificate authority in a folder, for development and for clusters without one of their own.
 * Needs Bouncy Castle, which nothing else here does.
 */
@NullMarked
package io.coxswain.security.authority;

import org.jspecify.annotations.NullMarked;
