package io.coxswain.launcher.logs;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.FileHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;

/**
 * Sends everything that libraries log to one place. For the process's main class only: the library
 * modules bind nothing.
 */
public final class Logs {
    /** Talkative at their INFO; what they warn of is kept. */
    private static final List<String> QUIETED =
            List.of(
                    "org.apache.zookeeper",
                    "org.apache.curator",
                    "io.netty",
                    "io.grpc",
                    "com.google");

    /**
     * Environment variable that, set to {@value #VERBOSE}, lets Coxswain's own classes say more;
     * inherited by agents.
     */
    private static final String VARIABLE = "COXSWAIN_LOG";

    private static final String VERBOSE = "debug";

    /**
     * Loggers are held weakly by their manager; without these, levels set here would be forgotten.
     */
    private static final List<Logger> KEPT = new ArrayList<>();

    private Logs() {}

    /**
     * Nothing is logged until one of the others is called: a command that is used by people prints
     * what matters.
     */
    public static void silent() {
        replace(null, Level.OFF);
    }

    /** Appends to a file, making its folder. */
    public static void toFile(Path file, Level level) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        // In a pattern of FileHandler '%' begins an escape.
        replace(new FileHandler(file.toString().replace("%", "%%"), true), level);
    }

    /** Writes to a stream, a line at a time, flushed. */
    public static void toStream(PrintStream stream, Level level) {
        replace(new Flushing(stream), level);
    }

    private static synchronized void replace(
            @org.jspecify.annotations.Nullable Handler handler, Level level) {
        Logger root = Logger.getLogger("");
        for (Handler old : root.getHandlers()) {
            root.removeHandler(old);
            old.close();
        }
        root.setLevel(level);
        KEPT.clear();
        KEPT.add(root);
        if (handler != null && VERBOSE.equalsIgnoreCase(System.getenv(VARIABLE))) {
            Logger own = Logger.getLogger("io.coxswain");
            own.setLevel(Level.FINE);
            KEPT.add(own);
        }
        Level quieted = level.intValue() > Level.WARNING.intValue() ? level : Level.WARNING;
        for (String name : QUIETED) {
            Logger logger = Logger.getLogger(name);
            logger.setLevel(quieted);
            KEPT.add(logger);
        }
        if (handler != null) {
            handler.setFormatter(new OneLineFormatter());
            handler.setLevel(Level.ALL);
            root.addHandler(handler);
        }
    }

    private static final class Flushing extends StreamHandler {
        Flushing(PrintStream stream) {
            super(stream, new OneLineFormatter());
        }

        @Override
        public synchronized void publish(java.util.logging.LogRecord entry) {
            super.publish(entry);
            flush();
        }
    }
}
