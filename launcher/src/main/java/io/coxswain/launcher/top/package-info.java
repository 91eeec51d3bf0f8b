/** {@code coxswain top}: a job and its cluster on one screen, drawn again and again. */
@NullMarked
package io.coxswain.launcher.top;

import org.jspecify.annotations.NullMarked;
