/** {@code coxswain doctor}: what this machine has, what is missing, and what helps. */
@NullMarked
package io.coxswain.launcher.doctor;

import org.jspecify.annotations.NullMarked;
