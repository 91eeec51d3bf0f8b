/**
 * The language of chaos scenarios: what happens to whom, at which logical coordinate, and how it
 * heals. Values only; nothing here touches a process.
 */
@NullMarked
package io.coxswain.chaos.scenario;

import org.jspecify.annotations.NullMarked;
