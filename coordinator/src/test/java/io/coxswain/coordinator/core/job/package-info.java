/** Tests of the job's machine, told as stories. */
@NullMarked
package io.coxswain.coordinator.core.job;

import org.jspecify.annotations.NullMarked;
