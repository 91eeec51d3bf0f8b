/**
 * The PJRT plugins of this machine: which ones are known, which are installed in the user's cache,
 * and whether their bytes are still those that were installed. Nothing here loads a library.
 *
 * <p>The cache's layout is a contract between versions of Coxswain. {@code
 * plugins/NAME/plugin.json} names the library and its digest and is written last, by a rename:
 * without it nothing is installed, whatever else lies there.
 */
@NullMarked
package io.coxswain.bridge.pjrt.plugins;

import org.jspecify.annotations.NullMarked;
