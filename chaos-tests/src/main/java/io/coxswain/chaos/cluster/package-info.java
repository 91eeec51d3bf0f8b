/**
 * Clusters whose every part is a process of its own, so that any of them can be killed or stopped,
 * and proxies before the planes on which they talk.
 */
@NullMarked
package io.coxswain.chaos.cluster;

import org.jspecify.annotations.NullMarked;
