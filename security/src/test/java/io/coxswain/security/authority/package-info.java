@NullMarked
package io.coxswain.security.authority;

import org.jspecify.annotations.NullMarked;
