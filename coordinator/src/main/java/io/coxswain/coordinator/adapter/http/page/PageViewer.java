package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.EventText;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.Subscription;
import io.coxswain.web.EventSink;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One open page. It takes the newest picture when it is ready for one, and events from the ring at
 * its own pace: nothing is queued for it, so a slow one costs nobody anything.
 */
final class PageViewer {
    /** Between two pictures. */
    private static final long PICTURE_MILLIS = 500;

    /** Without news for so many pictures the page is told that the line is alive. */
    private static final int QUIET_PICTURES = 4;

    /** Events that a page is given when it opens. */
    private static final long EARLIER_EVENTS = 200;

    private static final int TEXT_LIMIT = 2_000;
    private static final byte[] EMPTY = {'{', '}'};
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final EventSink sink;
    private final PageFrames frames;
    private final String origin;
    private final ReentrantLock sending = new ReentrantLock();
    private final PageFrame.Seen seen = new PageFrame.Seen();
    private volatile boolean gone;

    PageViewer(EventSink sink, PageFrames frames, String origin) {
        this.sink = sink;
        this.frames = frames;
        this.origin = origin;
    }

    /**
     * Feeds the page until it goes or the server closes.
     *
     * @param after id of the last event that it has, null: none
     */
    void follow(PageSource source, @Nullable String after)
            throws IOException, InterruptedException {
        try (Subscription _ = source.listen(from(source, after), this::event)) {
            PageFrame last = null;
            int quiet = 0;
            int sinceCells = 0;
            while (!gone && sink.isOpen()) {
                PageFrame frame = frames.newest();
                sinceCells++;
                if (frame != last) {
                    boolean cells = sinceCells >= picturesPerHeat(frame.size());
                    send(null, "picture", seen.next(frame, cells));
                    last = frame;
                    quiet = 0;
                    sinceCells = cells ? 0 : sinceCells;
                } else if (++quiet == QUIET_PICTURES) {
                    send(null, "beat", EMPTY);
                    quiet = 0;
                }
                TimeUnit.MILLISECONDS.sleep(PICTURE_MILLIS);
            }
        }
    }

    /** Heat moves for all agents at once: with 1,024 of them that is 130 kB. */
    static int picturesPerHeat(int agents) {
        return agents <= 64 ? 1 : agents <= 256 ? 4 : 10;
    }

    private long from(PageSource source, @Nullable String after) {
        long next = source.nextSequence();
        long earliest = Math.max(1, next - EARLIER_EVENTS);
        String prefix = origin + '-';
        if (after == null || !after.startsWith(prefix)) {
            return earliest;
        }
        try {
            long resumed = Math.addExact(Long.parseLong(after.substring(prefix.length())), 1);
            return resumed > next ? earliest : Math.max(earliest, resumed);
        } catch (NumberFormatException | ArithmeticException notOurs) {
            return earliest;
        }
    }

    // On the listener's thread.
    private void event(SequencedEvent event) throws InterruptedException {
        if (gone) {
            return;
        }
        try {
            send(origin + '-' + event.sequence(), "event", json(event));
        } catch (IOException left) {
            gone = true;
        }
    }

    private void send(@Nullable String id, String event, byte[] data)
            throws IOException, InterruptedException {
        sending.lockInterruptibly();
        try {
            sink.send(id, event, data);
        } finally {
            sending.unlock();
        }
    }

    static byte[] json(SequencedEvent event) {
        String text = EventText.of(event.event());
        return JSON.writeValueAsBytes(
                JSON.createObjectNode()
                        .put("sequence", event.sequence())
                        .put("wallMillis", event.wallMillis())
                        .put("term", event.term())
                        .put("job", event.jobId())
                        .put("epoch", event.epoch())
                        .put("step", event.step())
                        .put("kind", event.event().getClass().getSimpleName())
                        .put(
                                "text",
                                text.length() <= TEXT_LIMIT
                                        ? text
                                        : text.substring(0, TEXT_LIMIT) + " …"));
    }
}
