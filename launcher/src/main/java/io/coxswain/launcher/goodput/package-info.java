/** {@code coxswain goodput}: a job's account by windows, from a picture or from a report. */
@NullMarked
package io.coxswain.launcher.goodput;

import org.jspecify.annotations.NullMarked;
