package io.coxswain.bridge.conformance;

/**
 * One rule that a worker is held to.
 *
 * @param name short and stable, such as {@code restore}
 * @param rule what must be true, in a sentence
 * @param section where {@code docs/bridge.md} says so, such as {@code #hello}
 */
public record Check(String name, String rule, String section) {
    /** The rule's place: file and section. */
    public String place() {
        return "docs/bridge.md" + section;
    }
}
