@NullMarked
package io.coxswain.launcher.doctor;

import org.jspecify.annotations.NullMarked;
