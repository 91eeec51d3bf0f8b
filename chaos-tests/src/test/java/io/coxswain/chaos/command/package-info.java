@NullMarked
package io.coxswain.chaos.command;

import org.jspecify.annotations.NullMarked;
