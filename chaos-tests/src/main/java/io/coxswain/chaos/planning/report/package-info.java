/** What a plan says: table, JSON and page. */
@NullMarked
package io.coxswain.chaos.planning.report;

import org.jspecify.annotations.NullMarked;
