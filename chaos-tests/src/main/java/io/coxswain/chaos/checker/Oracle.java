package io.coxswain.chaos.checker;

/** Judges what a scenario did. Anybody may bring one's own. */
@FunctionalInterface
public interface Oracle {
    /** Never throws for what it judges: what is wrong is a verdict. */
    Verdict judge(Evidence evidence);
}
