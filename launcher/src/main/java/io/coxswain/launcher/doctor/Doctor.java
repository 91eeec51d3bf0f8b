package io.coxswain.launcher.doctor;

import io.coxswain.bridge.pjrt.plugins.InstalledPlugin;
import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.console.Texts;
import io.coxswain.launcher.doctor.Finding.Area;
import io.coxswain.launcher.runtimes.PluginProbe;
import io.coxswain.launcher.runtimes.RuntimeList;

import tools.jackson.databind.json.JsonMapper;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Looks at everything, and says it as a table or as JSON. */
public final class Doctor {
    private static final String REFERENCE = "reference";

    /** Tries the reference runtime. */
    @FunctionalInterface
    public interface ReferenceProbe {
        /** Why it does not work; empty if it does. */
        String failure() throws InterruptedException;
    }

    private final List<Finding> findings;

    private Doctor(List<Finding> findings) {
        this.findings = List.copyOf(findings);
    }

    /**
     * Looks.
     *
     * @param root of the file system
     * @param arenas folder for shared memory
     * @param environment in which programs are found
     */
    public static Doctor examine(
            Path root,
            Path arenas,
            Map<String, String> environment,
            PluginStore store,
            PluginProbe plugins,
            ReferenceProbe reference)
            throws InterruptedException {
        var findings = new ArrayList<>(new MachineCheck(root, arenas).findings());
        var tools = new ToolCheck(environment);
        findings.addAll(tools.findings());
        String failure = reference.failure();
        findings.add(
                failure.isEmpty()
                        ? Finding.ok(Area.RUNTIMES, REFERENCE, "works")
                        : Finding.wrong(Area.RUNTIMES, REFERENCE, failure, ""));
        try {
            for (RuntimeList.Entry entry : RuntimeList.of(store, plugins).entries()) {
                findings.add(of(entry));
            }
        } catch (PluginException e) {
            findings.add(
                    Finding.wrong(Area.RUNTIMES, "plugins", String.valueOf(e.getMessage()), ""));
        }
        for (String library : tools.libraries()) {
            findings.add(ofPackage(library, store, plugins));
        }
        return new Doctor(findings);
    }

    private static Finding of(RuntimeList.Entry entry) {
        return switch (entry.state()) {
            case VERIFIED ->
                    Finding.ok(
                            Area.RUNTIMES,
                            entry.name(),
                            entry.version() + ", " + works(entry.answer()));
            case ABSENT ->
                    Finding.absent(
                            Area.RUNTIMES,
                            entry.name(),
                            "not installed; " + entry.about(),
                            entry.remedy());
            case UNUSABLE, DAMAGED ->
                    Finding.wrong(Area.RUNTIMES, entry.name(), entry.about(), entry.remedy());
        };
    }

    /** A plugin that came with a package of Python: a job may name it by its path. */
    private static Finding ofPackage(String library, PluginStore store, PluginProbe plugins)
            throws InterruptedException {
        String name = String.valueOf(Path.of(library).getFileName());
        PluginProbe.Answer answer;
        try {
            InstalledPlugin plugin = store.find(library);
            answer = plugins.ask(plugin);
        } catch (PluginException e) {
            return Finding.wrong(Area.RUNTIMES, name, String.valueOf(e.getMessage()), "");
        }
        return answer.failure().isEmpty()
                ? Finding.ok(Area.RUNTIMES, name, works(answer) + "; in a job, plugin: " + library)
                : Finding.wrong(Area.RUNTIMES, name, library + ": " + answer.failure(), "");
    }

    private static String works(PluginProbe.Answer answer) {
        return "PJRT API "
                + answer.apiVersion()
                + ", "
                + answer.platform()
                + ", "
                + Texts.count(answer.devices().size(), "device")
                + (answer.devices().isEmpty()
                        ? ""
                        : " ("
                                + String.join(", ", answer.devices().stream().distinct().toList())
                                + ")");
    }

    /** Whether the reference runtime works, so that a job can be trained here. */
    public boolean healthy() {
        return findings.stream()
                .anyMatch(finding ->
                        finding.name().equals(REFERENCE) && finding.state() == Finding.State.OK);
    }

    /** All of them, by area. */
    public List<Finding> findings() {
        return findings;
    }

    /** For people. */
    public List<String> table() {
        var rows = new ArrayList<List<String>>();
        for (Finding finding : findings) {
            String text =
                    finding.remedy().isEmpty()
                            ? finding.text()
                            : finding.text() + ": " + finding.remedy();
            rows.add(List.of(mark(finding.state()), finding.name(), text));
        }
        List<String> lines = Texts.table(rows);
        var table = new ArrayList<String>();
        for (int i = 0; i < lines.size(); i++) {
            Area area = findings.get(i).area();
            if (i == 0 || findings.get(i - 1).area() != area) {
                table.add(area.name().toLowerCase(Locale.ROOT));
            }
            table.add("  " + lines.get(i));
        }
        return table;
    }

    private static String mark(Finding.State state) {
        return switch (state) {
            case OK -> "ok";
            case ABSENT -> "-";
            case WRONG -> "WRONG";
        };
    }

    /** For programs. */
    public String json() {
        var json = new LinkedHashMap<String, Object>();
        json.put("healthy", healthy());
        var list = new ArrayList<Map<String, Object>>();
        for (Finding finding : findings) {
            var one = new LinkedHashMap<String, Object>();
            one.put("area", finding.area().name().toLowerCase(Locale.ROOT));
            one.put("name", finding.name());
            one.put("state", finding.state().name().toLowerCase(Locale.ROOT));
            one.put("text", finding.text());
            one.put("remedy", finding.remedy());
            list.add(one);
        }
        json.put("findings", list);
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(json);
    }
}
