package io.coxswain.launcher.runtimes;

import io.coxswain.bridge.pjrt.plugins.CompiledPrograms;
import io.coxswain.bridge.pjrt.plugins.InstalledPlugin;
import io.coxswain.bridge.pjrt.plugins.KnownPlugin;
import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.console.Texts;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What {@code coxswain runtime list} and the doctor say of plugins: those that are installed, each
 * read in full and loaded once, and those that could be installed.
 */
public final class RuntimeList {
    /** How a plugin stands. */
    public enum State {
        /** Its bytes are those that were installed, and it can be loaded. */
        VERIFIED,
        /** Its bytes are right, and yet it cannot be used here. */
        UNUSABLE,
        /** Its bytes are not those that were installed. */
        DAMAGED,
        /** Known, and not here. */
        ABSENT
    }

    /**
     * One plugin.
     *
     * @param version of its wheel
     * @param bytes of its library
     * @param library absolute path; empty if it is not here
     * @param answer of the plugin itself, empty texts if it was not asked
     * @param about for people: what is wrong, or of one that is not here what it is
     * @param remedy the command that helps; empty if none does or none is needed
     */
    public record Entry(
            String name,
            State state,
            String version,
            long bytes,
            String library,
            PluginProbe.Answer answer,
            String about,
            String remedy) {}

    private final List<Entry> entries;
    private final Path compiledFolder;
    private final CompiledPrograms.Usage compiled;

    private RuntimeList(List<Entry> entries, Path compiledFolder, CompiledPrograms.Usage compiled) {
        this.entries = List.copyOf(entries);
        this.compiledFolder = compiledFolder;
        this.compiled = compiled;
    }

    /**
     * Looks at all of them.
     *
     * @throws PluginException if the cache cannot be looked into
     */
    public static RuntimeList of(PluginStore store, PluginProbe probe)
            throws PluginException, InterruptedException {
        var entries = new ArrayList<Entry>();
        List<String> installed = store.names();
        for (String name : installed) {
            entries.add(installed(store, name, probe));
        }
        for (KnownPlugin known : store.known()) {
            if (!installed.contains(known.name())) {
                entries.add(
                        new Entry(
                                known.name(),
                                State.ABSENT,
                                known.version(),
                                0,
                                "",
                                PluginProbe.Answer.failed(""),
                                known.about(),
                                "./coxswain runtime install " + known.name()));
            }
        }
        Path compiled = store.cache().executables();
        try {
            return new RuntimeList(entries, compiled, new CompiledPrograms(compiled).usage());
        } catch (IOException e) {
            throw new PluginException("cannot look into %s: %s".formatted(compiled, e), e);
        }
    }

    private static Entry installed(PluginStore store, String name, PluginProbe probe)
            throws InterruptedException {
        String anew = "./coxswain runtime install " + name + " --force";
        InstalledPlugin plugin;
        try {
            plugin = store.recorded(name);
        } catch (PluginException e) {
            return new Entry(
                    name,
                    State.DAMAGED,
                    "",
                    0,
                    "",
                    PluginProbe.Answer.failed(""),
                    String.valueOf(e.getMessage()),
                    anew);
        }
        State state = State.VERIFIED;
        PluginProbe.Answer answer = PluginProbe.Answer.failed("");
        String about;
        try {
            store.verify(plugin);
            answer = probe.ask(plugin);
            about = answer.failure();
            state = about.isEmpty() ? State.VERIFIED : State.UNUSABLE;
        } catch (PluginException e) {
            about = String.valueOf(e.getMessage());
            state = State.DAMAGED;
        }
        return new Entry(
                name,
                state,
                plugin.version(),
                bytes(plugin),
                plugin.library().toString(),
                answer,
                about,
                state == State.DAMAGED ? anew : "");
    }

    private static long bytes(InstalledPlugin plugin) {
        try {
            return Files.size(plugin.library());
        } catch (IOException e) {
            return 0;
        }
    }

    /** In the order of names, those that are not here last. */
    public List<Entry> entries() {
        return entries;
    }

    /** For people. */
    public List<String> table() {
        var rows = new ArrayList<List<String>>();
        rows.add(List.of("NAME", "VERSION", "PJRT API", "PLATFORM", "SIZE", "STATE", "DETAIL"));
        for (Entry entry : entries) {
            rows.add(
                    List.of(
                            entry.name(),
                            orDash(entry.version()),
                            orDash(entry.answer().apiVersion()),
                            orDash(entry.answer().platform()),
                            entry.bytes() == 0 ? "-" : Texts.bytes(entry.bytes()),
                            word(entry.state()),
                            detail(entry)));
        }
        return Texts.table(rows);
    }

    /** The compiled programs, for people. */
    public String compiled() {
        return "%s, %s in %s"
                .formatted(
                        Texts.count(compiled.programs(), "compiled program"),
                        Texts.bytes(compiled.bytes()),
                        compiledFolder);
    }

    private static String orDash(String text) {
        return text.isEmpty() ? "-" : text;
    }

    private static String word(State state) {
        return state == State.ABSENT ? "not here" : state.name().toLowerCase(Locale.ROOT);
    }

    private static String detail(Entry entry) {
        return switch (entry.state()) {
            case VERIFIED -> entry.library();
            case ABSENT -> entry.about() + ": " + entry.remedy();
            case UNUSABLE, DAMAGED -> entry.about();
        };
    }

    /** For programs. */
    public String json() {
        return JsonMapper.shared()
                .writerWithDefaultPrettyPrinter()
                .writeValueAsString(
                        json(
                                "runtimes",
                                entries.stream().map(RuntimeList::json).toList(),
                                "compiled",
                                json(
                                        "folder",
                                        compiledFolder.toString(),
                                        "programs",
                                        compiled.programs(),
                                        "bytes",
                                        compiled.bytes())));
    }

    private static Map<String, Object> json(Object... pairs) {
        var json = new LinkedHashMap<String, Object>();
        for (int i = 0; i < pairs.length; i += 2) {
            json.put(pairs[i].toString(), pairs[i + 1]);
        }
        return json;
    }

    static Map<String, Object> json(Entry entry) {
        var json = new LinkedHashMap<String, Object>();
        json.put("name", entry.name());
        json.put("state", entry.state().name().toLowerCase(Locale.ROOT));
        json.put("version", entry.version());
        json.put("apiVersion", entry.answer().apiVersion());
        json.put("platform", entry.answer().platform());
        json.put("devices", entry.answer().devices());
        json.put("bytes", entry.bytes());
        json.put("library", entry.library());
        json.put("about", entry.about());
        json.put("remedy", entry.remedy());
        return json;
    }
}
