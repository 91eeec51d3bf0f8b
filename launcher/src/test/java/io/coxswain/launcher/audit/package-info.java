@NullMarked
package io.coxswain.launcher.audit;

import org.jspecify.annotations.NullMarked;
