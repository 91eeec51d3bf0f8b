@NullMarked
package io.coxswain.agent.adapter;

import org.jspecify.annotations.NullMarked;
