/**
 * Snapshots on their way between agents: pushed to holders, fetched from donors, verified before
 * they count.
 */
@NullMarked
package io.coxswain.agent.copies;

import org.jspecify.annotations.NullMarked;
