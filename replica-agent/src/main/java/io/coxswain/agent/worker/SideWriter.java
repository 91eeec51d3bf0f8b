package io.coxswain.agent.worker;

import io.coxswain.bridge.host.FrameChannel;
import io.coxswain.proto.bridge.v1.ToWorkerSide;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.function.Consumer;

/**
 * What goes to a worker on its side channel, written by a thread of its own: whoever hands
 * something over never waits for a worker that does not read. Aborts overtake answers.
 */
final class SideWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SideWriter.class);

    /** More than this unread, and the worker is of no use. */
    private static final long MOST_BYTES = 64L << 20;

    private final FrameChannel channel;
    private final Consumer<String> broken;
    private final Thread thread;
    private final ArrayDeque<ToWorkerSide> urgent = new ArrayDeque<>();
    private final ArrayDeque<ToWorkerSide> answers = new ArrayDeque<>();
    private long bytes;
    private boolean closed;

    /**
     * @param broken told once if the worker does not read
     */
    SideWriter(String name, FrameChannel channel, Consumer<String> broken) {
        this.channel = channel;
        this.broken = broken;
        this.thread = Thread.ofVirtual().name(name).start(this::run);
    }

    /** Goes before what waits. */
    synchronized void urgent(ToWorkerSide message) {
        urgent.add(message);
        notifyAll();
    }

    void answer(ToWorkerSide message) {
        boolean full;
        synchronized (this) {
            bytes += message.getSerializedSize();
            full = bytes > MOST_BYTES;
            if (!full && !closed) {
                answers.add(message);
                notifyAll();
            }
        }
        if (full) {
            broken.accept("it does not read its side channel");
        }
    }

    private void run() {
        try {
            while (true) {
                channel.send(next());
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.debug("a worker's side channel is closed", e);
        } catch (InterruptedException e) {
            LOG.debug("the worker is gone");
        }
    }

    private synchronized ToWorkerSide next() throws InterruptedException {
        while (urgent.isEmpty() && answers.isEmpty()) {
            wait();
        }
        if (!urgent.isEmpty()) {
            return urgent.remove();
        }
        ToWorkerSide message = answers.remove();
        bytes -= message.getSerializedSize();
        return message;
    }

    @Override
    public synchronized void close() {
        closed = true;
        thread.interrupt();
    }
}
