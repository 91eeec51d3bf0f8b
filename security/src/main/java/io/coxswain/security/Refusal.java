package io.coxswain.security;

/** Why somebody was not let in. */
public enum Refusal {
    /** Its certificate has ended, or has not begun. */
    EXPIRED("expired"),
    /** No authority that counts here vouches for it. */
    STRANGER("unknown_authority"),
    /** Its certificate names nobody, or a role or a name that has no business here. */
    ROLE("wrong_role"),
    /** Its certificate was taken back. */
    REVOKED("revoked"),
    /** There are as many connections as there may be. */
    CROWD("too_many"),
    /** One host has as many connections as one host may have. */
    HOST_CROWD("too_many_of_one_host"),
    /** As many calls are under way as there may be. */
    CALLS("too_many_calls");

    private final String word;

    Refusal(String word) {
        this.word = word;
    }

    /** The label of metrics. */
    public String word() {
        return word;
    }
}
