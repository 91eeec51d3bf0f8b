/**
 * The subcommands of {@code coxswain}: options, help and exit codes. What they do stands elsewhere,
 * so that help starts quickly.
 */
@NullMarked
package io.coxswain.launcher.command;

import org.jspecify.annotations.NullMarked;
