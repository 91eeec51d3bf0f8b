@NullMarked
package io.coxswain.chaos.fuzz;

import org.jspecify.annotations.NullMarked;
