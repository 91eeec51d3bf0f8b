/**
 * Real processes and real deaths, judged from outside: exit codes, the report, and what is left on
 * the machine.
 */
@NullMarked
package io.coxswain.chaos.process;

import org.jspecify.annotations.NullMarked;
