/** Tests of what the page is given; what a browser makes of it is tested in chaos-tests. */
@NullMarked
package io.coxswain.coordinator.adapter.http.page;

import org.jspecify.annotations.NullMarked;
