@NullMarked
package io.coxswain.chaos.port;

import org.jspecify.annotations.NullMarked;
