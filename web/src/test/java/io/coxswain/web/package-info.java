@NullMarked
package io.coxswain.web;

import org.jspecify.annotations.NullMarked;
