package io.coxswain.bridge.conformance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** All checks, in the order in which they run: what others build upon first. */
final class Catalog {
    /** Where agents reduce. */
    static final List<Entry> ENTRIES = entries();

    /** Where workers make steps whole. */
    static final List<Entry> WHOLE = whole();

    private Catalog() {}

    /** Does a check. */
    @FunctionalInterface
    interface Body {
        /** Returns what is worth telling of a pass; may be empty. */
        String run(Trial trial) throws Broken, NotApplicable, IOException, InterruptedException;
    }

    /**
     * A check and how it is done.
     *
     * @param needs checks without which it makes no sense
     */
    record Entry(Check check, List<String> needs, Body body) {
        static Entry of(String name, String section, String rule, Body body, String... needs) {
            return new Entry(new Check(name, rule, section), List.of(needs), body);
        }
    }

    private static List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        entries.addAll(HelloChecks.ENTRIES);
        entries.addAll(ProgramChecks.ENTRIES);
        entries.addAll(StepChecks.ENTRIES);
        entries.addAll(StateChecks.ENTRIES);
        entries.addAll(KillCheck.ENTRIES);
        entries.addAll(AbortChecks.ENTRIES);
        entries.addAll(MessageChecks.ENTRIES);
        entries.addAll(EndChecks.ENTRIES);
        return List.copyOf(entries);
    }

    private static List<Entry> whole() {
        List<Entry> entries = new ArrayList<>();
        entries.addAll(HelloChecks.ENTRIES);
        entries.addAll(ProgramChecks.ENTRIES);
        entries.addAll(WholeChecks.ENTRIES);
        entries.addAll(GroupChecks.ENTRIES);
        entries.addAll(MessageChecks.ENTRIES);
        entries.addAll(EndChecks.ENTRIES);
        return List.copyOf(entries);
    }

    static Entry entry(String name) {
        return ENTRIES.stream()
                .filter(entry -> entry.check().name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("there is no check '%s'".formatted(name)));
    }

    /** These checks and all that they build upon. */
    static Set<String> withNeeds(List<Entry> entries, Set<String> names) {
        Set<String> all = new HashSet<>(names);
        for (Entry entry : entries.reversed()) {
            if (all.contains(entry.check().name())) {
                all.addAll(entry.needs());
            }
        }
        return all;
    }
}
