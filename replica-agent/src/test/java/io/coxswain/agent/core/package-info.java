@NullMarked
package io.coxswain.agent.core;

import org.jspecify.annotations.NullMarked;
