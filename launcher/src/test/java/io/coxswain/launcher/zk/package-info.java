@NullMarked
package io.coxswain.launcher.zk;

import org.jspecify.annotations.NullMarked;
