/** Micrometer's meters as a Prometheus endpoint. */
@NullMarked
package io.coxswain.web.prometheus;

import org.jspecify.annotations.NullMarked;
