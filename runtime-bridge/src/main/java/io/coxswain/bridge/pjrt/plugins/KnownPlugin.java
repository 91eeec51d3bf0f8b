package io.coxswain.bridge.pjrt.plugins;

import java.util.List;

/**
 * A plugin that {@code coxswain runtime install} knows.
 *
 * @param name that it is installed under
 * @param aliases further names in job files
 * @param about one line for people
 * @param distribution the wheel's name in package indexes
 * @param version pinned
 * @param platform the wheel's platform tag, such as {@code manylinux_2_27_x86_64}
 * @param python a version of Python that the wheel accepts; which one runs pip does not matter
 * @param sha256 of the wheel, 64 hexadecimal digits
 * @param wheelBytes about how much is downloaded; 0 when not known
 * @param library the path of the library in the wheel
 * @param keep patterns of further paths in the wheel that are kept: licences, headers
 */
public record KnownPlugin(
        String name,
        List<String> aliases,
        String about,
        String distribution,
        String version,
        String platform,
        String python,
        String sha256,
        long wheelBytes,
        String library,
        List<String> keep) {
    public KnownPlugin {
        aliases = List.copyOf(aliases);
        keep = List.copyOf(keep);
    }

    /** Whether it is meant by that name. */
    public boolean answersTo(String called) {
        return name.equals(called) || aliases.contains(called);
    }
}
