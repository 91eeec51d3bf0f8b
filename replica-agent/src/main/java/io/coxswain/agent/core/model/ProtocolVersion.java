package io.coxswain.agent.core.model;

/**
 * A version of a protocol. Versions of one major go together: a newer minor only adds. Both numbers
 * are unsigned.
 */
public record ProtocolVersion(int major, int minor) {
    /** Of the control plane. */
    public static final ProtocolVersion CONTROL = new ProtocolVersion(1, 0);

    /** Of the data plane. */
    public static final ProtocolVersion DATA = new ProtocolVersion(1, 0);

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
