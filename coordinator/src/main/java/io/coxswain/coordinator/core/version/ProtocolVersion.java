package io.coxswain.coordinator.core.version;

/**
 * A version of a protocol, or of what stands in ZooKeeper. Versions of one major go together: a
 * newer minor only adds. Both numbers are unsigned.
 */
public record ProtocolVersion(int major, int minor) {
    /** Of the control and the admin plane. */
    public static final ProtocolVersion CONTROL = new ProtocolVersion(1, 0);

    /** Of the data plane, as the agents of one view speak it. */
    public static final ProtocolVersion DATA = new ProtocolVersion(1, 0);

    /** Of the layout in ZooKeeper. */
    public static final ProtocolVersion LAYOUT = new ProtocolVersion(1, 0);

    /** What was sent by who did not know that field: the first major. */
    public static ProtocolVersion told(int major, int minor) {
        return new ProtocolVersion(major == 0 ? 1 : major, minor);
    }

    /** Whether both can work together. */
    public boolean goesWith(ProtocolVersion other) {
        return major == other.major;
    }

    /** Whether this one is newer. */
    public boolean isNewerThan(ProtocolVersion other) {
        int majors = Integer.compareUnsigned(major, other.major);
        return majors > 0 || (majors == 0 && Integer.compareUnsigned(minor, other.minor) > 0);
    }

    /**
     * Why two do not go together and what is to be done, for a person.
     *
     * @param what the protocol, {@code control protocol}
     * @param here who says so
     * @param there who was met
     */
    public String refusal(String what, String here, String there, ProtocolVersion theirs) {
        String older = isNewerThan(theirs) ? there : here;
        return "%s speaks %s %s, %s speaks %s: %s is the older one and is to be upgraded (docs/upgrade.md)"
                .formatted(here, what, this, there, theirs, older);
    }

    @Override
    public String toString() {
        return Integer.toUnsignedString(major) + "." + Integer.toUnsignedString(minor);
    }
}
