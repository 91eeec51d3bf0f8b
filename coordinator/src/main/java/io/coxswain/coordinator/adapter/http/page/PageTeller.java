package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.web.EventBytes;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.function.LongSupplier;

/**
 * What all open pages are told, round by round: each message brings a page from one version to the
 * next and is encoded once. A page that has another version is given all of the newest. Not
 * thread-safe: one feeder.
 */
final class PageTeller {
    /** Between two messages while nothing is wrong. */
    static final long CALM_NANOS = 1_000_000_000L;

    /** Between two messages while something is. */
    static final long BUSY_NANOS = 500_000_000L;

    /** How often to look whether something went wrong. */
    static final long PEEK_NANOS = 250_000_000L;

    /** Without news for so long pages are told that the line is alive. */
    static final long QUIET_NANOS = 2_000_000_000L;

    /** Making messages takes one part in so many of a processor at most … */
    private static final long SHARE = 50;

    /** … but on a machine so busy that they take that long, people must see it all the same. */
    static final long LONGEST_NANOS = 2_000_000_000L;

    /** Events that a page is given at once. */
    static final int EVENTS = 200;

    private static final byte[] EMPTY = {'{', '}'};

    private final PageSource source;
    private final String origin;
    private @Nullable PageFrame frame;
    private byte @Nullable [] whole;
    private long version;
    private long nextEvent;
    private long madeNanos;
    private long dueNanos;
    private long saidNanos;

    /**
     * Has told nothing yet.
     *
     * @param origin stands in front of events' numbers, which are of one coordinator object
     */
    PageTeller(PageSource source, String origin) {
        this.source = source;
        this.origin = origin;
    }

    /** Of the newest message; a page has it, the one before, or an older one. */
    long version() {
        return version;
    }

    /** Of the first event that no message has told yet. */
    long nextEvent() {
        return nextEvent;
    }

    /** When to look again. */
    long wakeNanos() {
        return Math.min(dueNanos, madeNanos + PEEK_NANOS);
    }

    /**
     * What there is to say to pages that have the version before; null: nothing now. A message
     * makes a new version, but for one that only says that the line is alive.
     *
     * @param nanoTime again when asked, since what it costs is measured
     */
    @Nullable EventBytes next(LongSupplier nanoTime) {
        long now = nanoTime.getAsLong();
        PageFrame before = frame;
        Picture picture = source.picture();
        if (before != null && now - dueNanos < 0 && !isUrgent(before.picture(), picture)) {
            madeNanos = now;
            return null;
        }
        EventBytes.Builder message = EventBytes.builder();
        if (before == null) {
            nextEvent = source.nextSequence();
            saidNanos = now;
            frame = PageFrame.of(picture, null);
            version++;
        } else {
            advance(before, picture, message);
        }
        long ended = nanoTime.getAsLong();
        long pause = picture.blocked().healthy() ? CALM_NANOS : BUSY_NANOS;
        madeNanos = ended;
        dueNanos = ended + Math.clamp(SHARE * (ended - now), pause, LONGEST_NANOS);
        if (!message.isEmpty()) {
            version++;
            whole = null;
        } else if (before != null && ended - saidNanos >= QUIET_NANOS) {
            message.add("beat", EMPTY);
        }
        if (message.isEmpty()) {
            return null;
        }
        saidNanos = ended;
        return message.build();
    }

    private void advance(PageFrame before, Picture picture, EventBytes.Builder message) {
        if (picture.sequence() != before.picture().sequence()) {
            PageFrame now = PageFrame.of(picture, before);
            frame = now;
            message.add("picture", now.since(before));
        }
        List<SequencedEvent> news = source.events(nextEvent);
        if (!news.isEmpty()) {
            nextEvent = news.getLast().sequence() + 1;
            add(EventTail.of(news, EVENTS), message);
        }
    }

    private void add(List<SequencedEvent> events, EventBytes.Builder message) {
        message.add(origin + '-' + events.getLast().sequence(), "events", EventTail.json(events));
    }

    /**
     * All of the newest version.
     *
     * @param from of the first event that the page has not got; 0: it has none
     */
    EventBytes whole(long from) {
        PageFrame now = frame;
        if (now == null) {
            throw new IllegalStateException("nothing was told yet");
        }
        byte[] bytes = whole;
        if (bytes == null) {
            bytes = now.whole();
            whole = bytes;
        }
        EventBytes.Builder message = EventBytes.builder().add("picture", bytes);
        List<SequencedEvent> events =
                source.events(from > nextEvent ? 0 : from).stream()
                        .filter(event -> event.sequence() < nextEvent)
                        .toList();
        if (!events.isEmpty()) {
            add(EventTail.of(events, EVENTS), message);
        }
        return message.build();
    }

    /**
     * The first event that a page wants that comes back.
     *
     * @param last id of the last event that it has; null: none
     * @return 0: all that there are
     */
    long after(@Nullable String last) {
        String prefix = origin + '-';
        if (last == null || !last.startsWith(prefix)) {
            return 0;
        }
        try {
            long sequence = Long.parseLong(last.substring(prefix.length()));
            return sequence < 0 || sequence >= source.nextSequence() ? 0 : sequence + 1;
        } catch (NumberFormatException notOurs) {
            return 0;
        }
    }

    /** What people must see at once. */
    private static boolean isUrgent(Picture before, Picture now) {
        JobPicture jobBefore = before.job();
        JobPicture job = now.job();
        if (before.blocked().healthy() != now.blocked().healthy()
                || !before.standing().equals(now.standing())
                || (jobBefore == null) != (job == null)) {
            return true;
        }
        return job != null
                && jobBefore != null
                && (!job.id().equals(jobBefore.id())
                        || !job.phase().equals(jobBefore.phase())
                        || job.counters().incidents() != jobBefore.counters().incidents());
    }
}
