/** The {@code coxswain} command and the one-machine cluster behind {@code train}. */
@NullMarked
package io.coxswain.launcher;

import org.jspecify.annotations.NullMarked;
