/** Drives the production cores against a failure trace in virtual time. */
@NullMarked
package io.coxswain.chaos.planning.engine;

import org.jspecify.annotations.NullMarked;
