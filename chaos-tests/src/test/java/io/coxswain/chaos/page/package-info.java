/** The page as a browser shows it: Chromium, driven through its DevTools protocol. */
@NullMarked
package io.coxswain.chaos.page;

import org.jspecify.annotations.NullMarked;
