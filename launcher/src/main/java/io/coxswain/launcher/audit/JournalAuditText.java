package io.coxswain.launcher.audit;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A run under Coxswain by its journal, its ledger and the other library, side by side. */
public final class JournalAuditText {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private JournalAuditText() {}

    /**
     * For people, line by line.
     *
     * @param ledger null: there is no report
     */
    public static List<String> of(JournalAudit audit, @Nullable LedgerView ledger) {
        var lines = new ArrayList<String>();
        lines.add("job " + audit.job() + ", by the events of its journal:");
        lines.addAll(AuditText.of(audit.audit()));
        lines.add("");
        if (ledger != null) {
            lines.addAll(ledger(audit, ledger));
        } else if (audit.ledgerRatio() >= 0) {
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "  Coxswain's ledger says %.2f%% (at the newest report of steps; by"
                                    + " categories with --report)",
                            100 * audit.ledgerRatio()));
        }
        audit.notes().forEach(note -> lines.add("note: " + note));
        return lines;
    }

    private static List<String> ledger(JournalAudit audit, LedgerView ledger) {
        var lines = new ArrayList<String>();
        lines.add(
                String.format(
                        Locale.ROOT,
                        "  Coxswain's ledger says %.2f%% of %s slot-seconds; the events alone give"
                                + " %.2f%%:",
                        ledger.percent(),
                        ledger.totalSlotSeconds().stripTrailingZeros().toPlainString(),
                        eventsPercent(audit)));
        ledger.differences(audit)
                .forEach((what, seconds) ->
                        lines.add(
                                String.format(
                                        Locale.ROOT,
                                        "    %-20s %+13.3f slot-s  %s",
                                        what,
                                        seconds,
                                        why(what))));
        return lines;
    }

    private static String why(String what) {
        return what.equals("rest")
                ? "when phases begin and end: an event comes a moment later than it books"
                : "is in the time of steps: a report says how many, not what they waited for";
    }

    /** For programs, indented. */
    public static String json(JournalAudit audit, @Nullable LedgerView ledger) {
        ObjectNode json = JSON.createObjectNode();
        json.put("job", audit.job());
        json.put("slots", audit.slots());
        json.set("events", JSON.readTree(AuditJson.of(audit.audit())));
        json.put("events_goodput_pct", eventsPercent(audit));
        Double other = audit.audit().mlGoodput().goodputPercent();
        if (other == null) {
            json.putNull("ml_goodput_pct");
        } else {
            json.put("ml_goodput_pct", other);
        }
        if (ledger != null) {
            json.put("ledger_goodput_pct", ledger.percent());
            json.put("ledger_slot_s", ledger.totalSlotSeconds());
            ObjectNode seconds = json.putObject("ledger_slot_s_by_category");
            ledger.slotSeconds().forEach((category, value) -> seconds.put(category.key(), value));
            ObjectNode differences = json.putObject("events_less_ledger_slot_s");
            ledger.differences(audit).forEach(differences::put);
        } else if (audit.ledgerRatio() >= 0) {
            json.put("ledger_goodput_pct", 100 * audit.ledgerRatio());
        }
        var notes = json.putArray("notes");
        audit.notes().forEach(notes::add);
        return JSON.writeValueAsString(json);
    }

    private static double eventsPercent(JournalAudit audit) {
        RunAudit run = audit.audit().run();
        double all = run.totalWorkerNanos().doubleValue();
        return all == 0 ? 0 : 100 * run.workerNanos(AuditCategory.PRODUCTIVE).doubleValue() / all;
    }
}
