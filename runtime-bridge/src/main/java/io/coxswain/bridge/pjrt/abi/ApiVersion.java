package io.coxswain.bridge.pjrt.abi;

/**
 * The version of the interface that a plugin has; not that of the plugin.
 *
 * @param major changes of it break everything; 0 is the only one known
 * @param minor additions, and structs that grew
 */
public record ApiVersion(int major, int minor) {
    @Override
    public String toString() {
        return major + "." + minor;
    }
}
