/**
 * Tests of the PJRT wrappers: one suite ({@link io.coxswain.bridge.pjrt.client.PluginContract})
 * over a mock in several versions and over the real CPU plugin, and what only the mock can play.
 */
@NullMarked
package io.coxswain.bridge.pjrt.client;

import org.jspecify.annotations.NullMarked;
