/** What stands in ZooKeeper, to be looked at. */
@NullMarked
package io.coxswain.launcher.zk;

import org.jspecify.annotations.NullMarked;
