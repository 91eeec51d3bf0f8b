@NullMarked
package io.coxswain.launcher.admin;

import org.jspecify.annotations.NullMarked;
