/** {@code coxswain conformance}: which job the kit loads, and how its report is shown. */
@NullMarked
package io.coxswain.launcher.conformance;

import org.jspecify.annotations.NullMarked;
