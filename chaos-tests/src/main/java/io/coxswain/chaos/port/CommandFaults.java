package io.coxswain.chaos.port;

import io.coxswain.chaos.nemesis.Deed;
import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Victim;
import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.Part;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Faults as commands of this machine, made from templates: a command for each deed and part, in
 * which {@code {agent}}, {@code {host}}, {@code {address}} and {@code {pid}} stand for the
 * victim's. A template of one text is a line for the shell, one of several is a program and its
 * words; {@code none} says that somebody else does it. Thread-safe.
 */
public final class CommandFaults implements FaultPort {
    /** Names of commands. */
    public static final List<String> NAMES =
            List.of(
                    "kill",
                    "killAgent",
                    "killWorker",
                    "pause",
                    "pauseAgent",
                    "pauseWorker",
                    "resume",
                    "resumeAgent",
                    "resumeWorker",
                    "terminate",
                    "start");

    private static final List<String> NONE = List.of("none");
    private static final Pattern HOLE = Pattern.compile("\\{(\\w+)}");
    private static final List<String> HOLES = List.of("agent", "host", "address", "pid");
    private static final Duration LOOK = Duration.ofMillis(200);
    private static final int SHOWN_OUTPUT = 300;

    private final String port;
    private final Map<String, List<String>> commands;
    private final Duration timeout;
    private final Whereabouts agents;
    private final Guard guard;
    // Whom it has hurt, and where that was: what is stopped or dead is not attached for long.
    private final Map<String, AgentSite> hurt = new ConcurrentHashMap<>();
    // Those whose kill went through.
    private final Set<String> dead = ConcurrentHashMap.newKeySet();

    /** What a port knows of a place that a template cannot say. */
    @FunctionalInterface
    public interface Guard {
        /** Why that cannot be done there; empty if it can. */
        String refusal(Deed deed, Part part, AgentSite site);
    }

    /**
     * Makes a port.
     *
     * @param own the port's commands, which those of the settings go before
     * @throws IllegalArgumentException if a template has a hole of another name
     */
    public CommandFaults(
            PortSettings settings, Map<String, List<String>> own, Guard guard, Whereabouts agents) {
        this.port = settings.port();
        this.timeout = settings.timeout();
        this.agents = agents;
        this.guard = guard;
        var all = new LinkedHashMap<>(own);
        all.replaceAll((name, words) -> with(settings.arguments(), words));
        all.putAll(settings.commands());
        all.forEach((name, words) -> {
            String wrong = NAMES.contains(name) ? complaint(words) : "there is no such command";
            if (!wrong.isEmpty()) {
                throw new IllegalArgumentException("port " + port + ", " + name + ": " + wrong);
            }
        });
        this.commands = Map.copyOf(all);
    }

    private static List<String> with(List<String> arguments, List<String> words) {
        if (arguments.isEmpty() || words.size() < 2) {
            return words;
        }
        var more = new ArrayList<String>();
        more.add(words.getFirst());
        more.addAll(arguments);
        more.addAll(words.subList(1, words.size()));
        return more;
    }

    /** What is wrong with a template; empty if nothing is. */
    static String complaint(List<String> words) {
        if (words.isEmpty()) {
            return "expected a line for the shell, a list of words, or none";
        }
        for (String word : words) {
            Matcher hole = HOLE.matcher(word);
            while (hole.find()) {
                if (!HOLES.contains(hole.group(1))) {
                    return "found {"
                            + hole.group(1)
                            + "}, expected some of {agent}, {host},"
                            + " {address}, {pid}";
                }
            }
        }
        return "";
    }

    private static String name(Deed deed, Part part) {
        return switch (deed) {
            case KILL -> named("kill", part);
            case PAUSE -> named("pause", part);
            case RESUME -> named("resume", part);
            case TERMINATE -> "terminate";
            case START -> "start";
        };
    }

    private static String named(String verb, Part part) {
        return switch (part) {
            case HOST -> verb;
            case AGENT -> verb + "Agent";
            case WORKER -> verb + "Worker";
        };
    }

    private String missing(String name) {
        return name.equals("start")
                ? "port "
                        + port
                        + " does not know how a dead agent is started again: give a command 'start'"
                        + " in the port's file, or 'start: none' if somebody else does it"
                : "port " + port + " has no command '" + name + "'";
    }

    // Null: nobody has to do anything.
    private @Nullable List<String> command(Deed deed, Part part, AgentSite site) {
        String name = name(deed, part);
        List<String> template = commands.get(name);
        if (template == null) {
            throw new UnsupportedOperationException(missing(name));
        }
        if (template.equals(NONE)) {
            return null;
        }
        String refusal = guard.refusal(deed, part, site);
        if (!refusal.isEmpty()) {
            throw new UnsupportedOperationException(refusal);
        }
        var words = new ArrayList<String>();
        if (template.size() == 1) {
            words.add("/bin/sh");
            words.add("-c");
        }
        template.forEach(word -> words.add(filled(word, site)));
        return words;
    }

    private static String filled(String word, AgentSite site) {
        return HOLE.matcher(word)
                .replaceAll(hole ->
                        Matcher.quoteReplacement(
                                switch (hole.group(1)) {
                                    case "agent" -> site.agent();
                                    case "host" -> site.host();
                                    case "address" -> site.address();
                                    case "pid" -> Long.toString(site.pid());
                                    default -> hole.group();
                                }));
    }

    private void run(Deed deed, Part part, AgentSite site) throws IOException {
        List<String> command = command(deed, part, site);
        if (command == null) {
            return;
        }
        // What a command leaves in the background may keep its output open: a file minds nobody.
        Path said = Files.createTempFile("coxswain-chaos-", ".out");
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile())
                        .start();
        try {
            process.getOutputStream().close();
            if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException(
                        String.join(" ", command)
                                + " was not over within "
                                + timeout.toSeconds()
                                + " s, and was ended"
                                + (deed == Deed.START
                                        ? ": it is to return once the agent runs, which goes on in"
                                                + " the background (… &)"
                                        : ""));
            }
            if (process.exitValue() != 0) {
                throw new IOException(
                        String.join(" ", command)
                                + " ended with status "
                                + process.exitValue()
                                + ": "
                                + beginning(said));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + String.join(" ", command), e);
        } finally {
            process.destroyForcibly();
            Files.deleteIfExists(said);
        }
    }

    private static String beginning(Path said) throws IOException {
        try (var in = Files.newInputStream(said)) {
            return new String(in.readNBytes(SHOWN_OUTPUT), StandardCharsets.UTF_8).strip();
        }
    }

    private AgentSite victim(String party) throws IOException {
        AgentSite site = agents.victim(party);
        hurt.put(party, site);
        return site;
    }

    @Override
    public long kill(Victim victim) throws IOException {
        AgentSite site = victim(victim.party());
        long now = System.nanoTime();
        run(Deed.KILL, victim.part(), site);
        if (victim.part() != Part.WORKER) {
            dead.add(victim.party());
        }
        return now;
    }

    @Override
    public void pause(Victim victim) throws IOException {
        run(Deed.PAUSE, victim.part(), victim(victim.party()));
    }

    @Override
    public void resume(Victim victim) throws IOException {
        AgentSite site = hurt.get(victim.party());
        if (site != null) {
            run(Deed.RESUME, victim.part(), site);
        }
    }

    @Override
    public void terminate(Victim victim) throws IOException {
        run(Deed.TERMINATE, victim.part(), victim(victim.party()));
        dead.add(victim.party());
    }

    @Override
    public void startAgain(String party) throws IOException {
        AgentSite last = hurt.get(party);
        if (last != null && awaitGone(last)) {
            run(Deed.START, Part.HOST, last);
            dead.remove(party);
        }
    }

    // For a moment the coordinator still sees who is dead. Who is still seen after that lives: its
    // kill went wrong, and a second process of its name would do harm. True: nobody has its name.
    private boolean awaitGone(AgentSite last) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            AgentSite now = seen(last);
            while (now != null && now.incarnation().equals(last.incarnation())) {
                if (System.nanoTime() > deadline) {
                    throw new IOException(
                            last.agent()
                                    + " is still attached as the process that was to die, and is"
                                    + " not started twice");
                }
                Thread.sleep(LOOK);
                now = seen(last);
            }
            return now == null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted before " + last.agent() + " was started again", e);
        }
    }

    // Without a coordinator nobody sees anybody, and who was killed is dead.
    private @Nullable AgentSite seen(AgentSite last) throws IOException {
        try {
            return agents.seen(last.agent());
        } catch (IOException e) {
            if (dead.contains(last.agent())) {
                return null;
            }
            throw e;
        }
    }

    @Override
    public boolean startsAgain() {
        return !NONE.equals(commands.get("start"));
    }

    @Override
    public String refusal(Fault fault) {
        return switch (fault) {
            case Fault.Kill(Part part) ->
                    part == Part.WORKER ? lacks(Deed.KILL, part) : lacks(part, Deed.KILL);
            case Fault.Pause(Part part) -> lacks(Deed.PAUSE, part) + lacks(Deed.RESUME, part);
            case Fault.Starve _ -> lacks(Deed.PAUSE, Part.HOST) + lacks(Deed.RESUME, Part.HOST);
            case Fault.Terminate _ -> lacks(Part.HOST, Deed.TERMINATE);
            case Fault.CrashLoop _ -> lacks(Part.HOST, Deed.KILL);
            case Fault.Link _,
                    Fault.ExpireSession _,
                    Fault.FillDisk _,
                    Fault.FlipBit _,
                    Fault.Words _,
                    Fault.Abort _,
                    Fault.LimitMemory _,
                    Fault.Usurp _,
                    Fault.CancelJob _ ->
                    FaultPort.super.refusal(fault);
        };
    }

    private String lacks(Part part, Deed deed) {
        String first = lacks(deed, part);
        return first.isEmpty() ? lacks(Deed.START, part) : first;
    }

    private String lacks(Deed deed, Part part) {
        String name = name(deed, part);
        return commands.containsKey(name) ? "" : missing(name);
    }

    @Override
    public String plan(Deed deed, Victim victim) throws IOException {
        List<String> command = command(deed, victim.part(), agents.victim(victim.party()));
        return command == null ? "nothing: somebody else does it" : shown(command);
    }

    private static String shown(List<String> command) {
        var words = new ArrayList<String>();
        command.forEach(word ->
                words.add(
                        word.matches("[A-Za-z0-9._:/=@-]+")
                                ? word
                                : "'" + word.replace("'", "'\\''") + "'"));
        return String.join(" ", words);
    }
}
