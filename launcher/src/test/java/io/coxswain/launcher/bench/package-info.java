/** Tests of what is pure in the benches. */
@NullMarked
package io.coxswain.launcher.bench;

import org.jspecify.annotations.NullMarked;
