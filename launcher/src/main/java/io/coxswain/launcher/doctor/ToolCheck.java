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
import java.util.regex.Pattern;

/** Looks for the programs that some commands use: a C compiler, Python and what it has. */
final class ToolCheck {
    private static final Duration COMPILER_LIMIT = Duration.ofSeconds(10);

    private static final Pattern OLD = Pattern.compile("2\\..*|3\\.[0-9](\\..*)?");

    /** PyTorch takes its time where it is read for the first time. */
    private static final Duration IMPORT_LIMIT = Duration.ofSeconds(60);

    /**
     * Says what can be imported, each in a child of its own since a broken library may end it, then
     * which plugins lie in packages; a line each, as they come.
     */
    private static final String SCRIPT =
            """
            import importlib, importlib.metadata, importlib.util, os, sys
            out = os.fdopen(os.dup(1), "w", errors="replace")
            os.dup2(2, 1)
            def say(*words):
                print("@", *(str(word).replace("\\n", " ") for word in words), file=out, flush=True)
            def version(name):
                module = importlib.import_module(name)
                found = getattr(module, "__version__", "")
                return found or importlib.metadata.version(name.replace("_", "-"))
            def look(name):
                try:
                    say(name, version(name))
                except ModuleNotFoundError as e:
                    if e.name != name:
                        say(name, "!", e)
                except BaseException as e:
                    say(name, "!", e or type(e).__name__)
            for name in sys.argv[1:]:
                child = os.fork()
                if child == 0:
                    look(name)
                    os._exit(77)
                status = os.waitpid(child, 0)[1]
                if os.WIFSIGNALED(status):
                    say(name, "! its import ends Python by signal", os.WTERMSIG(status))
                elif os.WEXITSTATUS(status) != 77:
                    say(name, "! its import ends Python with status", os.WEXITSTATUS(status))
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
                        say("library", path)
            """;

    /**
     * A module of Python that is looked for.
     *
     * @param use what it is for
     * @param packages what pip installs
     */
    private record Wanted(String module, String use, String packages) {}

    private static final List<Wanted> WANTED =
            List.of(
                    new Wanted(
                            "coxswain",
                            "training programs of one's own need it, or PYTHONPATH as the examples"
                                    + " set it",
                            "./runtime-bridge/python"),
                    new Wanted("numpy", "JAX and PyTorch programs need it", "numpy"),
                    new Wanted(
                            "jax", "bundle exports with it, and coxswain.jax trains", "jax numpy"),
                    new Wanted("torch", "coxswain.torch trains with it", "torch numpy"),
                    new Wanted(
                            "google_crc32c",
                            "NumPy checks the snapshots of Python programs instead, at 0.5 GB/s",
                            "google-crc32c"));

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
            String text = python.get().version() + ", " + python.get().command();
            findings.add(
                    OLD.matcher(python.get().version()).matches()
                            ? Finding.wrong(
                                    Area.TOOLS,
                                    "python",
                                    text + "; Coxswain's Python side needs 3.10",
                                    "name a newer one with " + Python.VARIABLE)
                            : Finding.ok(Area.TOOLS, "python", text));
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
        var command = new ArrayList<>(List.of(python.command(), "-c", SCRIPT));
        WANTED.forEach(one -> command.add(one.module()));
        ChildProcess.Ended ended = ChildProcess.run(command, _ -> {}, IMPORT_LIMIT);
        var said = new LinkedHashMap<String, String>();
        for (String line : ended.output().lines().toList()) {
            String[] words = line.split(" ", 3);
            if (words.length < 3 || !words[0].equals("@")) {
                // What an import prints.
                continue;
            }
            if (words[1].equals("library")) {
                libraries.add(words[2]);
            } else {
                said.put(words[1], words[2]);
            }
        }
        var findings = new ArrayList<Finding>();
        for (Wanted one : WANTED) {
            String version = said.getOrDefault(one.module(), "");
            findings.add(found(python, one, version, ended.inTime()));
        }
        return findings;
    }

    private static Finding found(Python python, Wanted wanted, String said, boolean inTime) {
        String name = wanted.module();
        String install = python.command() + " -m pip install " + wanted.packages();
        if (said.startsWith("! ")) {
            return Finding.wrong(
                    Area.TOOLS, name, "cannot be imported: " + said.substring(2), install);
        }
        if (!said.isEmpty()) {
            return Finding.ok(Area.TOOLS, name, said);
        }
        return inTime
                ? Finding.absent(Area.TOOLS, name, "not installed; " + wanted.use(), install)
                : Finding.wrong(
                        Area.TOOLS,
                        name,
                        "not imported within " + IMPORT_LIMIT.toSeconds() + " s",
                        "");
    }
}
