package io.coxswain.launcher.doctor;

import io.coxswain.launcher.doctor.Finding.Area;
import io.coxswain.launcher.runtimes.ChildProcess;
import io.coxswain.launcher.runtimes.Pip;
import io.coxswain.launcher.runtimes.Python;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Looks for the programs that some commands use: a C compiler, Python and what it has. */
final class ToolCheck {
    private static final Duration COMPILER_LIMIT = Duration.ofSeconds(10);

    /** PyTorch takes its time where it is read for the first time. */
    private static final Duration IMPORT_LIMIT = Duration.ofSeconds(60);

    /** Says what can be imported, then which plugins lie in packages; a line each, as they come. */
    private static final String SCRIPT =
            """
            import importlib, importlib.util, os, sys
            for name in sys.argv[1:]:
                try:
                    print(name, importlib.import_module(name).__version__, flush=True)
                except ModuleNotFoundError:
                    pass
                except BaseException as e:
                    print(name, "!", str(e).replace("\\n", " "), flush=True)
            for package, file in (("libtpu", "libtpu.so"),
                                  ("jax_plugins.xla_cuda12", "xla_cuda_plugin.so"),
                                  ("jax_plugins.xla_cuda13", "xla_cuda_plugin.so")):
                try:
                    spec = importlib.util.find_spec(package)
                except ImportError:
                    continue
                for folder in (spec.submodule_search_locations or ()) if spec else ():
                    path = os.path.join(folder, file)
                    if os.path.exists(path):
                        print("library", path, flush=True)
            print("end", flush=True)
            """;

    private final Map<String, String> environment;
    private final List<String> libraries = new ArrayList<>();

    ToolCheck(Map<String, String> environment) {
        this.environment = environment;
    }

    List<Finding> findings() throws InterruptedException {
        var findings = new ArrayList<Finding>();
        findings.add(compiler());
        Optional<Python> python = Python.find(environment);
        if (python.isEmpty()) {
            findings.add(
                    Finding.absent(
                            Area.TOOLS,
                            "python",
                            "not found; bundle needs it, and runtime install its pip",
                            "install Python 3 with pip, or name one with " + Python.VARIABLE));
        } else {
            findings.add(
                    Finding.ok(
                            Area.TOOLS,
                            "python",
                            python.get().version() + ", " + python.get().command()));
        }
        findings.add(pip());
        if (python.isPresent()) {
            findings.addAll(packages(python.get()));
        }
        return findings;
    }

    /**
     * Plugins that packages of Python brought, as absolute paths; known after {@link #findings}.
     */
    List<String> libraries() {
        return List.copyOf(libraries);
    }

    private static Finding compiler() throws InterruptedException {
        for (String name : List.of("gcc", "cc", "clang")) {
            ChildProcess.Ended ended =
                    ChildProcess.run(List.of(name, "--version"), _ -> {}, COMPILER_LIMIT);
            Optional<String> first = ended.output().lines().findFirst();
            if (ended.well() && first.isPresent()) {
                return Finding.ok(Area.TOOLS, "c compiler", first.get());
            }
        }
        return Finding.absent(
                Area.TOOLS,
                "c compiler",
                "not found; only Coxswain's own tests use one",
                "install gcc");
    }

    private Finding pip() throws InterruptedException {
        return Pip.find(environment)
                .map(pip -> Finding.ok(Area.TOOLS, "pip", String.join(" ", pip.command())))
                .orElseGet(() ->
                        Finding.absent(
                                Area.TOOLS,
                                "pip",
                                "not found; runtime install fetches with it",
                                "install pip, or give runtime install the wheel with --wheel"));
    }

    private List<Finding> packages(Python python) throws InterruptedException {
        var wanted = new LinkedHashMap<String, String>();
        wanted.put("jax", "bundle exports with it");
        wanted.put("torch", "no command uses it yet");
        var command = new ArrayList<>(List.of(python.command(), "-c", SCRIPT));
        command.addAll(wanted.keySet());
        ChildProcess.Ended ended = ChildProcess.run(command, _ -> {}, IMPORT_LIMIT);
        var said = new LinkedHashMap<String, String>();
        for (String line : ended.output().lines().toList()) {
            String[] words = line.split(" ", 2);
            if (words.length == 2 && words[0].equals("library")) {
                libraries.add(words[1]);
            } else if (words.length == 2) {
                said.put(words[0], words[1]);
            }
        }
        var findings = new ArrayList<Finding>();
        wanted.forEach((name, use) ->
                findings.add(
                        found(python, name, use, said.getOrDefault(name, ""), ended.inTime())));
        return findings;
    }

    private static Finding found(
            Python python, String name, String use, String said, boolean inTime) {
        String install = python.command() + " -m pip install " + name;
        if (said.startsWith("! ")) {
            return Finding.wrong(
                    Area.TOOLS, name, "cannot be imported: " + said.substring(2), install);
        }
        if (!said.isEmpty()) {
            return Finding.ok(Area.TOOLS, name, said);
        }
        return inTime
                ? Finding.absent(Area.TOOLS, name, "not installed; " + use, install)
                : Finding.wrong(
                        Area.TOOLS,
                        name,
                        "not imported within " + IMPORT_LIMIT.toSeconds() + " s",
                        "");
    }
}
