package io.coxswain.chaos.checker;

import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.jspecify.annotations.Nullable;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The placement of copies keeps what it promises. Nobody holds a copy of the own shard. And what it
 * said to survive ("any two agents") it survived: while no more agents were lost than that, no
 * protected step was given up.
 *
 * <p>A promise ends with the leader that made it. It holds from the first protected step on that
 * was made after it, since older ones were copied to where an earlier placement had them; until
 * then the earlier promise does, and who was lost under it counts.
 */
final class PlacementKept implements Oracle {
    static final String NAME = "placement";

    private static final Pattern DUTY = Pattern.compile("rank (\\d+) → (.+)");
    private static final Pattern PROMISE = Pattern.compile("any (\\w+) agents?\\b.*");
    private static final List<String> NUMBERS = List.of("no", "one", "two", "three", "four");

    private static final class Story {
        private final Set<String> lost = new TreeSet<>();
        private List<String> members = List.of();
        private long epoch;
        private int promised;
        private String promise = "";
        private int kept;

        /** What the newest placement said, until a step is protected as it wants. */
        private CoordinatorEvent.@Nullable PlacementChanged next;

        private long nextAfter;
        private long completed;
        private long protectedStep;

        void placed(CoordinatorEvent.PlacementChanged changed) {
            next = changed;
            nextAfter = completed;
        }

        void stepped(CoordinatorEvent.StepsCompleted steps) {
            completed = steps.step();
            protectedStep = Math.max(protectedStep, steps.protectedStep());
            CoordinatorEvent.PlacementChanged waiting = next;
            if (waiting != null && protectedStep > nextAfter) {
                next = null;
                promise = waiting.survives();
                promised = promised(promise);
                lost.clear();
                kept++;
            }
        }

        boolean holds() {
            return promised > 0 && lost.size() <= promised;
        }

        String told() {
            return "the placement survives " + promise + ", and only " + lost + " were lost";
        }
    }

    @Override
    public Verdict judge(Evidence evidence) {
        var story = new Story();
        for (Happening.Told told : evidence.journal()) {
            String broken =
                    switch (told.event()) {
                        case CoordinatorEvent.ViewActivated view -> {
                            story.members = view.members();
                            story.epoch = view.epoch();
                            yield "";
                        }
                        case CoordinatorEvent.PlacementChanged changed -> {
                            story.placed(changed);
                            // It may come before its view is active.
                            yield duties(
                                    changed,
                                    changed.epoch() == story.epoch ? story.members : List.of());
                        }
                        case CoordinatorEvent.StepsCompleted steps -> {
                            story.stepped(steps);
                            yield "";
                        }
                        case CoordinatorEvent.AgentLost lost -> {
                            story.lost.add(lost.agent());
                            yield "";
                        }
                        case CoordinatorEvent.JobTakenOver _ -> {
                            // Whom the job lost while nobody led, nobody tells.
                            story.promised = 0;
                            yield "";
                        }
                        case CoordinatorEvent.RolledBack back -> {
                            boolean given = back.toStep() < story.protectedStep && story.holds();
                            String says =
                                    given
                                            ? "step "
                                                    + story.protectedStep
                                                    + " was protected and given up for step "
                                                    + back.toStep()
                                                    + ", though "
                                                    + story.told()
                                            : "";
                            story.protectedStep = Math.min(story.protectedStep, back.toStep());
                            story.completed = back.toStep();
                            yield says;
                        }
                        default -> "";
                    };
            if (!broken.isEmpty()) {
                return Verdict.fails(NAME, broken);
            }
        }
        return Verdict.holds(
                NAME,
                story.kept == 0
                        ? "no promise came into force"
                        : "promises kept: "
                                + story.kept
                                + ", the last: "
                                + story.promise.split(";", 2)[0]);
    }

    private static String duties(CoordinatorEvent.PlacementChanged changed, List<String> members) {
        var seen = new HashSet<String>();
        for (String duty : changed.holders()) {
            Matcher said = DUTY.matcher(duty);
            if (!said.matches()) {
                continue;
            }
            int rank = Integer.parseInt(said.group(1));
            if (!seen.add(duty)) {
                return "a copy of rank " + rank + " lies twice with " + said.group(2);
            }
            if (rank < members.size() && members.get(rank).equals(said.group(2))) {
                return "rank " + rank + " holds the copy of its own state";
            }
        }
        return "";
    }

    /** How many agents may be lost at once, as the words say; 0: they promise nothing. */
    static int promised(String survives) {
        Matcher said = PROMISE.matcher(survives);
        if (!said.matches()) {
            return 0;
        }
        int number = NUMBERS.indexOf(said.group(1));
        return number >= 0
                ? number
                : said.group(1).matches("\\d{1,4}") ? Integer.parseInt(said.group(1)) : 0;
    }
}
