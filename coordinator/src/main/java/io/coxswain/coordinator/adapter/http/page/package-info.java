/**
 * The page that people open on a bad night, and the stream that feeds it ({@code docs/page.md}).
 */
@NullMarked
package io.coxswain.coordinator.adapter.http.page;

import org.jspecify.annotations.NullMarked;
