package io.coxswain.launcher.bench;

import java.util.ArrayList;
import java.util.List;

/** What one of the systems showed in all rounds. Not thread-safe. */
final class PeerFigures {
    private final String who;
    private final List<Double> rates = new ArrayList<>();
    private final List<Double> next = new ArrayList<>();
    private final List<Double> full = new ArrayList<>();
    private final List<Double> goodput = new ArrayList<>();
    private final List<Double> made = new ArrayList<>();
    private int deaths;
    private int restless;

    PeerFigures(String who) {
        this.who = who;
    }

    String who() {
        return who;
    }

    /** Takes in a round. */
    void add(StepTrace trace) {
        deaths += trace.deaths().size();
        trace.deaths().stream()
                .map(death -> death.next() - death.at())
                .filter(Double::isFinite)
                .forEach(next::add);
        trace.deaths().stream()
                .map(death -> death.full() - death.at())
                .filter(Double::isFinite)
                .forEach(full::add);
        made.add(trace.made() / (trace.end() - trace.begin()));
        double undisturbed = trace.undisturbed();
        if (undisturbed == 0) {
            restless++;
            return;
        }
        rates.add(undisturbed);
        goodput.add(trace.goodput());
    }

    /** One figure a line, and what has to be known of them. */
    void report(BenchReport report) {
        if (made.isEmpty()) {
            return;
        }
        report.add(who + ": steps, undisturbed", "/s", Samples.of(rates), null);
        report.add(
                "  steps, deaths included, by their share of ranks", "/s", Samples.of(made), null);
        report.add("  death → next step", "s", Samples.of(next), null);
        report.add("  death → full strength", "s", Samples.of(full), null);
        report.add("  goodput, by time", "", Samples.of(goodput), null);
        if (full.size() < deaths) {
            report.note(
                    "%s: after %d of %d deaths full strength was not reached again before the end"
                            .formatted(who, deaths - full.size(), deaths));
        }
        if (restless > 0) {
            report.note(
                    "%s: no whole second without a death in %d of %d rounds, which have no goodput; give them more --seconds"
                            .formatted(who, restless, made.size()));
        }
    }
}
