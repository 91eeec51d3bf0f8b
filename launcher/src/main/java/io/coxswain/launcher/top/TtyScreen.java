package io.coxswain.launcher.top;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The terminal's other screen, which is put away when this is closed or the process ends: whatever
 * was there before is there again.
 */
final class TtyScreen implements AutoCloseable {
    private static final String ENTER = "\u001b[?1049h\u001b[?25l";
    private static final String LEAVE = "\u001b[?25h\u001b[?1049l";
    private static final String HOME = "\u001b[H";
    private static final String REST_OF_LINE = "\u001b[K";
    private static final String REST_OF_SCREEN = "\u001b[J";
    private static final long STTY_SECONDS = 2;
    private static final int WIDTH = 80;
    private static final int HEIGHT = 24;

    private final PrintStream out;
    private final boolean colour;
    private final String settings;
    private final AtomicBoolean left = new AtomicBoolean();
    private final Thread atEnd = Thread.ofPlatform().name("screen-end").unstarted(this::leave);

    /** The size of a terminal. */
    record Size(int width, int height) {}

    private TtyScreen(PrintStream out, boolean colour, String settings) {
        this.out = out;
        this.colour = colour;
        this.settings = settings;
    }

    /** Takes the terminal. */
    static TtyScreen enter(PrintStream out, boolean colour) {
        var screen = new TtyScreen(out, colour, stty("-g"));
        Runtime.getRuntime().addShutdownHook(screen.atEnd);
        // Keys come at once and are not shown; Ctrl-C stays a signal.
        stty("-icanon", "-echo", "min", "1", "time", "0");
        out.print(ENTER);
        out.flush();
        return screen;
    }

    /** As it is now: people resize their windows. */
    Size size() {
        String[] numbers = stty("size").split(" ", -1);
        try {
            int height = Integer.parseInt(numbers[0]);
            int width = Integer.parseInt(numbers[1]);
            return width > 0 && height > 0 ? new Size(width, height) : new Size(WIDTH, HEIGHT);
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException unknown) {
            return new Size(WIDTH, HEIGHT);
        }
    }

    /** Draws over what is there, in one go, so that nothing flickers. */
    void draw(List<StyledLine> lines, int width) {
        var frame = new StringBuilder(HOME);
        for (int i = 0; i < lines.size(); i++) {
            frame.append(i == 0 ? "" : "\r\n");
            frame.append(lines.get(i).render(width, colour)).append(REST_OF_LINE);
        }
        synchronized (this) {
            if (!left.get()) {
                out.print(frame.append(REST_OF_SCREEN));
                out.flush();
            }
        }
    }

    private synchronized void leave() {
        if (left.compareAndSet(false, true)) {
            out.print(LEAVE);
            out.flush();
            if (!settings.isEmpty()) {
                stty(settings);
            }
        }
    }

    @Override
    public void close() {
        leave();
        try {
            Runtime.getRuntime().removeShutdownHook(atEnd);
        } catch (IllegalStateException ending) {
            // It runs, or has run.
        }
    }

    // Empty where there is no such program or no terminal: then keys need Enter, which is no harm.
    private static String stty(String... arguments) {
        var command = new java.util.ArrayList<String>();
        command.add("stty");
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectInput(new File("/dev/tty"))
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            try (var said = process.getInputStream()) {
                String text = new String(said.readAllBytes(), StandardCharsets.UTF_8);
                if (!process.waitFor(STTY_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
                return text.strip();
            }
        } catch (IOException none) {
            return "";
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            return "";
        }
    }
}
