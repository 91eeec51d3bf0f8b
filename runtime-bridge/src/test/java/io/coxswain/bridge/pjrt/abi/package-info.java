/** Tests of the ABI tables. */
@NullMarked
package io.coxswain.bridge.pjrt.abi;

import org.jspecify.annotations.NullMarked;
