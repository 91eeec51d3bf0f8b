@org.jspecify.annotations.NullMarked
package io.coxswain.launcher.evidence;
