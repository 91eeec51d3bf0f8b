package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.web.EventBytes;
import io.coxswain.web.Viewer;
import io.coxswain.web.ViewerHandler;
import io.coxswain.web.WebRequest;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Feeds all open pages, by one thread that is there while there is a page. It never waits for one:
 * a page that is not ready for a message gets all of the newest when it is. Thread-safe.
 */
final class PageFeed implements ViewerHandler, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PageFeed.class);
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final PageSource source;
    // Sequence numbers are of one coordinator object; so are the ids made of them.
    private final String origin = Long.toHexString(ThreadLocalRandom.current().nextLong());
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Guarded by lock.
    private final List<Page> pages = new ArrayList<>();
    private @Nullable Thread feeder;
    private boolean someoneCame;
    private boolean closed;

    /** One open page, as its feeder knows it. */
    private static final class Page {
        final Viewer viewer;
        final @Nullable String last;
        // Of the feeder.
        long version = -1;
        long nextEvent = -1;

        Page(Viewer viewer, @Nullable String last) {
            this.viewer = viewer;
            this.last = last;
        }
    }

    PageFeed(PageSource source) {
        this.source = source;
    }

    @Override
    public void arrived(WebRequest request, Viewer viewer) {
        String known = request.header("last-event-id");
        var page = new Page(viewer, known == null ? request.query().get("after") : known);
        lock.lock();
        try {
            if (closed) {
                viewer.close();
                return;
            }
            pages.add(page);
            someoneCame = true;
            if (feeder == null) {
                feeder = Thread.ofVirtual().name("coxswain-pages").start(this::feed);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        viewer.whenGone(() -> gone(page));
    }

    private void gone(Page page) {
        lock.lock();
        try {
            pages.remove(page);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void feed() {
        var teller = new PageTeller(source, origin);
        try {
            for (List<Page> open = await(teller); !open.isEmpty(); open = await(teller)) {
                tell(teller, open);
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error bug) {
            LOG.warn("the pages' feed ends on a bug; pages that come back get another", bug);
            end();
        }
    }

    // Empty: there is nobody to feed any more.
    private List<Page> await(PageTeller teller) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed && !pages.isEmpty()) {
                long wait = teller.version() == 0 ? 0 : teller.wakeNanos() - System.nanoTime();
                if (someoneCame || wait <= 0) {
                    someoneCame = false;
                    return List.copyOf(pages);
                }
                var _ = changed.awaitNanos(wait);
            }
            feeder = null;
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    private static void tell(PageTeller teller, List<Page> open) {
        long before = teller.version();
        EventBytes message = teller.next(System::nanoTime);
        for (Page page : open) {
            if (page.version < before) {
                if (page.viewer.isReady()) {
                    catchUp(teller, page);
                }
            } else if (message != null && page.viewer.offer(message)) {
                page.version = teller.version();
                page.nextEvent = teller.nextEvent();
            }
        }
    }

    private static void catchUp(PageTeller teller, Page page) {
        if (page.nextEvent < 0) {
            page.nextEvent = teller.after(page.last);
        }
        if (page.viewer.offer(teller.whole(page.nextEvent))) {
            page.version = teller.version();
            page.nextEvent = teller.nextEvent();
        }
    }

    private void end() {
        List<Page> left;
        lock.lock();
        try {
            left = List.copyOf(pages);
            pages.clear();
            feeder = null;
        } finally {
            lock.unlock();
        }
        left.forEach(page -> page.viewer.close());
    }

    /** Feeds nobody any more. */
    @Override
    public void close() {
        Thread thread;
        lock.lock();
        try {
            closed = true;
            thread = feeder;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            if (thread != null && !thread.join(PATIENCE)) {
                LOG.warn("the pages' feed does not end");
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}
