package io.coxswain.bridge.conformance;

/** What a {@link FaultyWorker} does wrong, and the check that is there to find it. */
enum Bug {
    NEVER_SAYS_HELLO("hello"),
    SENDS_ANOTHER_TOKEN("hello"),
    SPEAKS_ANOTHER_VERSION("hello"),
    NAMES_ANOTHER_PID("hello"),
    SERVES_ANY_VERSION("other-major"),
    DOES_NOT_SAY_WHICH_VERSION("other-major"),
    STAYS_WHEN_REFUSED("refused"),
    CHOKES_ON_A_NEWER_MINOR("newer-minor"),
    LAYOUT_DOES_NOT_ADD_UP("load"),
    LAYOUT_DIFFERS_BY_PROCESS("load-again"),
    KEEPS_THE_FIRST_JOB("other-job"),
    TAKES_ANY_RUNTIME_KIND("bad-job"),
    DIES_OF_A_BAD_SECTION("bad-job"),
    COMPUTES_NAN("steps"),
    COUNTS_SAMPLES_WRONG("steps"),
    SWAPS_THE_STEP_IN_ANSWERS("steps"),
    EXECUTES_BY_THE_CLOCK("repeat"),
    EXECUTE_MOVES_THE_STATE("repeat"),
    BEGINS_ELSEWHERE_IN_EACH_PROCESS("processes"),
    COMPUTES_MICROSHARDS_BY_RANK("shards"),
    CUTS_DIGESTS_SHORT("finish"),
    SAYS_COMMITTED_TOO_EARLY("snapshot"),
    ANSWERS_THE_SNAPSHOT_FIRST("snapshot"),
    SAYS_ANOTHER_DIGEST("snapshot"),
    CHANGES_A_SNAPSHOT_LATER("snapshot"),
    OVERWRITES_COMMITTED_SLOTS("slot-taken"),
    RESTORES_NOTHING("restore"),
    LOADS_DAMAGED_SLOTS("bad-slot"),
    DOES_NOT_COMPARE_DIGESTS("bad-slot"),
    KEEP_LIVE_BEGINS_ANEW("keep-live"),
    ANSWERS_FOR_AN_OLD_EPOCH("keep-live"),
    COMMITS_BEFORE_THE_DATA("kill"),
    FILLS_BEFORE_THE_DATA("kill"),
    FORGETS_ABORTS("abort"),
    DOES_NOT_LOOK_FOR_ABORTS("abort-blocked"),
    ANSWERS_OUT_OF_ORDER("late-answer"),
    SIDE_CHANNEL_WAITS_FOR_STEPS("heartbeat-busy"),
    COUNTS_PONGS_ITSELF("heartbeat"),
    DIES_OF_UNKNOWN_FIELDS("unknown-field"),
    DIES_OF_UNKNOWN_REQUESTS("unknown-request"),
    DOES_ALL_THAT_IT_IS_TOLD("order"),
    SURVIVES_GARBAGE("garbage"),
    WAITS_FOR_OVERSIZE_FRAMES("oversize"),
    SURVIVES_HALF_A_FRAME("half-frame"),
    STAYS_WITHOUT_ITS_AGENT("agent-gone"),
    FINISHES_ITS_STEP_FIRST("agent-gone-busy"),
    EXITS_WITH_1("shutdown"),
    HANGS_IN_SIGTERM("sigterm");

    private final String check;

    Bug(String check) {
        this.check = check;
    }

    /** The name of the check that must fail. */
    String check() {
        return check;
    }
}
