package io.coxswain.launcher.doctor;

/**
 * One thing that was looked at.
 *
 * @param area what it belongs to
 * @param text what was found, for people
 * @param remedy the command or the advice that helps; empty if none is needed
 */
public record Finding(Area area, String name, State state, String text, String remedy) {
    /** What a finding belongs to. */
    public enum Area {
        /** Processors, memory, devices, the JDK. */
        MACHINE,
        /** Programs that some commands use. */
        TOOLS,
        /** What runs a job's steps. */
        RUNTIMES
    }

    /** How it stands. */
    public enum State {
        /** As it should be. */
        OK,
        /** Not here, and not needed unless one wants what it is for. */
        ABSENT,
        /** Here, and not as it must be. */
        WRONG
    }

    static Finding ok(Area area, String name, String text) {
        return new Finding(area, name, State.OK, text, "");
    }

    static Finding absent(Area area, String name, String text, String remedy) {
        return new Finding(area, name, State.ABSENT, text, remedy);
    }

    static Finding wrong(Area area, String name, String text, String remedy) {
        return new Finding(area, name, State.WRONG, text, remedy);
    }
}
