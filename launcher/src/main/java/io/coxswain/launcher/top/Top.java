package io.coxswain.launcher.top;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.admin.AdminClient;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Asks again and again and shows what is told, whoever leads meanwhile. */
public final class Top {
    /** Where pictures come from. */
    interface Source {
        /** The newest. */
        JsonNode picture() throws EnvironmentException;
    }

    private final Source source;
    private final Duration interval;
    private final int count;
    private JsonNode last = JsonMapper.shared().createObjectNode();
    private String trouble = "";
    private final Semaphore quit = new Semaphore(0);

    /**
     * @param count pictures to show; 0: until it is told to end
     */
    Top(Source source, Duration interval, int count) {
        this.source = source;
        this.interval = interval;
        this.count = count;
    }

    /**
     * Shows until Ctrl-C, {@code q} or {@code count} pictures.
     *
     * @param json each picture as a line of JSON
     * @throws EnvironmentException if nobody answers at the first try
     */
    public static void run(
            AdminClient.Address address,
            Duration interval,
            int count,
            boolean json,
            Terminal terminal,
            PrintStream out)
            throws EnvironmentException, InterruptedException {
        try (var connection = new Connection(address)) {
            var top = new Top(connection, interval, count);
            if (json || !terminal.interactive()) {
                top.lines(json, out);
            } else {
                top.screen(terminal.unicode(), System.getenv("NO_COLOR") == null, out);
            }
        }
    }

    /** One line a picture; ends when the reader of the lines does. */
    void lines(boolean json, PrintStream out) throws EnvironmentException, InterruptedException {
        boolean first = true;
        for (int shown = 0; count == 0 || shown < count; shown++) {
            if (!first && quit.tryAcquire(interval.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
            look(first);
            first = false;
            if (json) {
                if (trouble.isEmpty()) {
                    out.println(last);
                }
            } else {
                out.println(TopScreen.line(last, trouble));
            }
            if (out.checkError()) {
                return;
            }
        }
    }

    private void screen(boolean unicode, boolean colour, PrintStream out)
            throws EnvironmentException, InterruptedException {
        look(true);
        var drawer = new TopScreen(unicode);
        try (TtyScreen screen = TtyScreen.enter(out, colour)) {
            Thread.ofPlatform().daemon().name("keys").start(() -> keys(System.in));
            for (int shown = 1; ; shown++) {
                TtyScreen.Size size = screen.size();
                screen.draw(drawer.lines(last, trouble, size.width(), size.height()), size.width());
                if (shown == count || quit.tryAcquire(interval.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                look(false);
            }
        }
    }

    private void look(boolean first) throws EnvironmentException {
        try {
            last = source.picture();
            trouble = "";
        } catch (EnvironmentException e) {
            if (first) {
                throw e;
            }
            trouble = String.valueOf(e.getMessage());
        }
    }

    private void keys(InputStream in) {
        try {
            for (int key = in.read(); key >= 0; key = in.read()) {
                if (key == 'q' || key == 'Q') {
                    quit.release();
                    return;
                }
            }
        } catch (IOException gone) {
            // Then only Ctrl-C ends it.
        }
    }

    /** The leader, found anew when it is lost. */
    private static final class Connection implements Source, AutoCloseable {
        private final AdminClient.Address address;
        private @Nullable AdminClient client;

        Connection(AdminClient.Address address) {
            this.address = address;
        }

        @Override
        public JsonNode picture() throws EnvironmentException {
            AdminClient asked = client;
            if (asked == null) {
                asked = AdminClient.connect(address);
                client = asked;
            }
            try {
                StatusResponse status = asked.picture("");
                if (status.getPictureJson().isEmpty()) {
                    throw new EnvironmentException(
                            "coordinator "
                                    + status.getCoordinatorId()
                                    + " gives no picture: it is of an older version");
                }
                if (status.getTerm() == 0 && address.coordinator() == null) {
                    throw new EnvironmentException(
                            "coordinator " + status.getCoordinatorId() + " leads no more");
                }
                return JsonMapper.shared().readTree(status.getPictureJson());
            } catch (EnvironmentException e) {
                close();
                throw e;
            }
        }

        @Override
        public void close() {
            AdminClient open = client;
            client = null;
            if (open != null) {
                open.close();
            }
        }
    }
}
