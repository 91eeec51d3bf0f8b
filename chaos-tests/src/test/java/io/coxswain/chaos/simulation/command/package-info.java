@NullMarked
package io.coxswain.chaos.simulation.command;

import org.jspecify.annotations.NullMarked;
