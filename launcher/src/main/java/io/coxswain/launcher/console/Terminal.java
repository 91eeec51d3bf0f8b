package io.coxswain.launcher.console;

import org.jspecify.annotations.Nullable;

import java.io.Console;
import java.io.PrintStream;
import java.nio.charset.CharsetEncoder;
import java.util.Optional;

/**
 * Standard output as lines and, on a terminal, one status line below them that is drawn again and
 * again. Thread-safe.
 */
public final class Terminal {
    private static final String ERASE_LINE = "\r\u001b[2K";

    private final PrintStream out;
    private final boolean interactive;
    private final boolean unicode;
    private String status = "";

    /**
     * @param interactive whether a status line can be drawn
     */
    public Terminal(PrintStream out, boolean interactive) {
        this.out = out;
        this.interactive = interactive;
        CharsetEncoder encoder = out.charset().newEncoder();
        this.unicode = encoder.canEncode('█') && encoder.canEncode('·');
    }

    /** This process's standard output. */
    public static Terminal standardOutput() {
        // JDK 25 has none where standard input or output is no terminal; other versions have one
        // that says so.
        boolean terminal =
                Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
        @Nullable String kind = System.getenv("TERM");
        return new Terminal(System.out, terminal && kind != null && !kind.equals("dumb"));
    }

    /** Whether bars and other signs can be shown. */
    public boolean unicode() {
        return unicode;
    }

    /** Whether {@link #status} shows anything. */
    public boolean interactive() {
        return interactive;
    }

    /** Prints a line, above the status line if there is one. */
    public synchronized void line(String text) {
        if (status.isEmpty()) {
            out.println(plain(text));
        } else {
            out.print(ERASE_LINE + plain(text) + System.lineSeparator() + status);
        }
        out.flush();
    }

    /** Replaces the status line; empty takes it away. Does nothing where there is no terminal. */
    public synchronized void status(String text) {
        if (!interactive || text.equals(status)) {
            return;
        }
        out.print((status.isEmpty() ? "" : ERASE_LINE) + plain(text));
        out.flush();
        status = plain(text);
    }

    /** A bar of {@code width} cells. */
    public String bar(double share, int width) {
        int full = (int) Math.round(Math.clamp(share, 0, 1) * width);
        return unicode
                ? "█".repeat(full) + "░".repeat(width - full)
                : "#".repeat(full) + ".".repeat(width - full);
    }

    private String plain(String text) {
        return unicode
                ? text
                : text.replace('×', 'x').replace('·', ',').replace("…", "...").replace("→", "->");
    }
}
