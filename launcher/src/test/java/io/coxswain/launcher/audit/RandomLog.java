package io.coxswain.launcher.audit;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.IntSupplier;

/** A run that might have been, from a seed: everything that the log's format allows. */
final class RandomLog {
    /**
     * An entry.
     *
     * @param a the step, attempt, number of finished steps, {@code lost_to}, or active workers
     * @param b the workers of a step or in total
     */
    record Line(long atMillis, String event, String phase, long a, int b) {
        boolean is(String other) {
            return event.equals(other);
        }

        String json() {
            String rest =
                    switch (event) {
                        case "attempt_start" -> ", \"attempt\": " + a;
                        case "phase_start", "phase_end" -> ", \"phase\": \"" + phase + "\"";
                        case "step_start" -> ", \"step\": " + a + ", \"workers\": " + b;
                        case "data_end", "step_end", "save_start", "save_end" -> ", \"step\": " + a;
                        case "failure" -> ", \"worker\": 1, \"lost_to\": " + a;
                        case "membership" -> ", \"active\": " + a + ", \"total\": " + b;
                        default -> "";
                    };
            return "{\"t\": " + atMillis / 1e3 + ", \"event\": \"" + event + "\"" + rest + "}";
        }
    }

    /** Thrown where the run is cut by a failure; the time stands there. */
    private static final class Cut extends Exception {
        private static final long serialVersionUID = 1L;

        Cut() {
            super("cut", null, false, false);
        }
    }

    private final Random random;
    private final List<Line> lines = new ArrayList<>();
    private final IntSupplier duration;
    private final double failureRate;
    private long now;
    private long finished;
    private int active;
    private int total;
    private long attempt;

    /** Whether a failure has said which step comes next. */
    private boolean told;

    /**
     * @param fewestMillis the shortest that anything takes; 0 makes instants with many entries
     */
    RandomLog(long seed, int fewestMillis) {
        random = new Random(seed);
        int most = fewestMillis + 1 + random.nextInt(12);
        duration = () -> random.nextInt(fewestMillis, most + 1);
        failureRate = random.nextInt(3) * 0.02;
    }

    /** The entries, in order. */
    List<Line> lines() {
        total = 1 + random.nextInt(5);
        active = total;
        now = random.nextBoolean() ? 0 : random.nextInt(100_000);
        say("job_start", 0);
        if (chance(0.2)) {
            now += duration.getAsInt();
        }
        // Two of five logs say how many workers there are at once, others late, with a step, or so.
        boolean early = chance(0.4);
        if (early) {
            membership();
        }
        say("attempt_start", 0);
        if (!early && chance(0.5)) {
            membership();
        }
        finished = chance(0.2) ? random.nextInt(50) : 0;
        boolean down = !work(this::startUp);
        for (int i = random.nextInt(60); i > 0; i--) {
            down = down ? !recover() : !work(this::something);
        }
        if (chance(0.2) && !down) {
            work(() -> step(true));
        }
        if (chance(0.9)) {
            say("job_end", 0);
        }
        return lines;
    }

    /**
     * The same entries, those of one instant in another order. What counts from where it stands
     * (failures, attempts, members) stays between those that stood before and after it.
     */
    static List<Line> shuffled(List<Line> lines, long seed) {
        var random = new Random(seed);
        var all = new ArrayList<Line>();
        var instant = new ArrayList<Line>();
        for (Line line : lines) {
            boolean fixed = line.is("failure") || line.is("attempt_start") || line.is("membership");
            if (!instant.isEmpty() && (fixed || instant.getLast().atMillis() != line.atMillis())) {
                Collections.shuffle(instant, random);
                all.addAll(instant);
                instant.clear();
            }
            if (fixed) {
                all.add(line);
            } else {
                instant.add(line);
            }
        }
        Collections.shuffle(instant, random);
        all.addAll(instant);
        return all;
    }

    static String json(List<Line> lines) {
        return "{\"case\": 0, \"format\": \"\\u2026\", \"events\": [\n"
                + String.join(",\n", lines.stream().map(Line::json).toList())
                + "\n]}\n";
    }

    private interface Work {
        void run() throws Cut;
    }

    /** False if a failure cut it. */
    private boolean work(Work work) {
        try {
            work.run();
            return true;
        } catch (Cut e) {
            fail();
            return false;
        }
    }

    private boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    private void say(String event, long a) {
        lines.add(new Line(now, event, "", a, active));
    }

    private void membership() {
        lines.add(new Line(now, "membership", "", active, total));
    }

    private void pass() throws Cut {
        int millis = duration.getAsInt();
        if (chance(failureRate)) {
            now += millis == 0 ? 0 : random.nextInt(millis) + 1;
            throw new Cut();
        }
        now += millis;
    }

    private void startUp() throws Cut {
        for (String phase : List.of("init", "prep", "restore", "first_data")) {
            if (chance(0.7)) {
                phase(phase);
            }
            if (chance(0.1)) {
                pass();
            }
        }
    }

    private void phase(String phase) throws Cut {
        lines.add(new Line(now, "phase_start", phase, 0, 0));
        pass();
        if (phase.equals("prep") && chance(0.3)) {
            phase("restore");
            pass();
        }
        if (!phase.equals("stall") && chance(0.1)) {
            phase("stall");
            pass();
        }
        lines.add(new Line(now, "phase_end", phase, 0, 0));
    }

    private void something() throws Cut {
        switch (random.nextInt(12)) {
            case 0 -> save();
            case 1 -> phase("stall");
            case 2 -> reconfigure();
            case 3 -> pass();
            case 4 -> {
                // Somebody goes back without a failure.
                if (chance(0.3) && !told) {
                    finished -= random.nextLong(Math.min(finished, 4) + 1);
                }
                step(false);
            }
            default -> step(false);
        }
    }

    private void save() throws Cut {
        say("save_start", finished);
        pass();
        if (chance(0.2)) {
            phase("stall");
            pass();
        }
        say("save_end", finished);
    }

    private void reconfigure() throws Cut {
        boolean before = chance(0.5);
        if (before) {
            change();
        }
        phase("reconfigure");
        if (!before) {
            change();
        }
    }

    private void change() {
        total = chance(0.1) ? 1 + random.nextInt(5) : total;
        active = 1 + random.nextInt(total);
        membership();
    }

    /** A step; {@code endless} if the log ends in it. */
    private void step(boolean endless) throws Cut {
        say("step_start", finished);
        told = false;
        pass();
        maybeInside();
        if (chance(0.9)) {
            say("data_end", finished);
            pass();
            maybeInside();
        }
        if (endless) {
            return;
        }
        say("step_end", finished);
        finished++;
    }

    private void maybeInside() throws Cut {
        if (chance(0.1)) {
            phase("stall");
            pass();
        }
        if (chance(0.05)) {
            save();
        }
        if (chance(0.05)) {
            change();
            pass();
        }
    }

    private void fail() {
        finished -= chance(0.3) ? 0 : random.nextLong(Math.min(finished, 6) + 1);
        say("failure", finished);
        told = true;
    }

    /** False if another failure came. */
    private boolean recover() {
        return work(() -> {
            if (chance(0.2)) {
                change();
            }
            pass();
            if (chance(0.3)) {
                reconfigure();
                return;
            }
            attempt += 1 + random.nextInt(2);
            say("attempt_start", attempt);
            startUp();
        });
    }
}
