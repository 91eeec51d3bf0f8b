package io.coxswain.chaos.cluster;

/** How one shows the admin plane who one is. The planes of this version ask nobody. */
public final class Credentials {
    private static final Credentials NONE = new Credentials();

    private Credentials() {}

    /** For a coordinator that asks for none, as all do so far. */
    public static Credentials none() {
        return NONE;
    }
}
