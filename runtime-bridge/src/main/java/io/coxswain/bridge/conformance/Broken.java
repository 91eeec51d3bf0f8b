package io.coxswain.bridge.conformance;

/** The worker breaks the rule that is being checked. */
final class Broken extends Exception {
    private static final long serialVersionUID = 1L;

    private final String expected;
    private final String found;

    Broken(String expected, String found) {
        super("expected %s; found %s".formatted(expected, found));
        this.expected = expected;
        this.found = found;
    }

    String expected() {
        return expected;
    }

    String found() {
        return found;
    }

    /** Throws unless it holds. */
    static void unless(boolean holds, String expected, Object found) throws Broken {
        if (!holds) {
            throw new Broken(expected, String.valueOf(found));
        }
    }
}
