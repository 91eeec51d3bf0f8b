@NullMarked
package io.coxswain.security;

import org.jspecify.annotations.NullMarked;
