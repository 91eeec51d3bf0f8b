package io.coxswain.bridge.pjrt.plugins;

import java.nio.file.Path;

/**
 * A plugin that is here.
 *
 * @param name that it was installed under; of one that was named by its path, the file's name
 * @param library absolute
 * @param sha256 of the library, 64 hexadecimal digits; it stands in the key of compiled programs
 * @param distribution the wheel that it came from; empty for one that was named by its path
 * @param version of the wheel; empty likewise
 */
public record InstalledPlugin(
        String name, Path library, String sha256, String distribution, String version) {
    /** Whether it lies in the store, not just anywhere. */
    public boolean managed() {
        return !distribution.isEmpty();
    }
}
