@NullMarked
package io.coxswain.web.prometheus;

import org.jspecify.annotations.NullMarked;
