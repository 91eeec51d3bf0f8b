/**
 * YAML files with exact places in every complaint: job files and the configuration of coordinators
 * and agents.
 */
@NullMarked
package io.coxswain.launcher.config;

import org.jspecify.annotations.NullMarked;
