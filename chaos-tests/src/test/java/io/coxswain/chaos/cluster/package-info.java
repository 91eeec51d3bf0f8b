/** The proxies. */
@NullMarked
package io.coxswain.chaos.cluster;

import org.jspecify.annotations.NullMarked;
