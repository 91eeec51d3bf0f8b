@NullMarked
package io.coxswain.agent.worker;

import org.jspecify.annotations.NullMarked;
