@NullMarked
package io.coxswain.agent.app;

import org.jspecify.annotations.NullMarked;
