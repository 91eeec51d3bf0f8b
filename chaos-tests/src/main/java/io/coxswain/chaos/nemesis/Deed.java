package io.coxswain.chaos.nemesis;

/** What a port does to a process. */
public enum Deed {
    KILL,
    PAUSE,
    RESUME,
    TERMINATE,
    START
}
