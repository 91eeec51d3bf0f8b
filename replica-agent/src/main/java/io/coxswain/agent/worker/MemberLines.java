package io.coxswain.agent.worker;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * What one of several processes prints, on its way to the log of all: by whole lines, so that two
 * processes never share one, each behind the number of its process.
 */
final class MemberLines implements PrintedLines {
    /** A line longer than this is cut. */
    private static final int LONG_LINE = 8 << 10;

    private final byte[] mark;
    private final PrintSink all;
    private final PrintedTail own = new PrintedTail(WorkerLog.TAIL_BYTES);

    /** Of the last line, which has not ended yet. */
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

    MemberLines(int local, PrintSink all) {
        this(Integer.toString(local), all);
    }

    /** Behind a name. */
    MemberLines(String name, PrintSink all) {
        this.mark = ("[" + name + "] ").getBytes(StandardCharsets.UTF_8);
        this.all = all;
    }

    @Override
    public synchronized void write(byte[] bytes, int length) {
        own.remember(bytes, length);
        var lines = new ByteArrayOutputStream();
        int from = 0;
        for (int i = 0; i < length; i++) {
            boolean ends = bytes[i] == '\n';
            if (!ends && begun.size() + i + 1 - from < LONG_LINE) {
                continue;
            }
            begun.write(bytes, from, i + 1 - from);
            flush(lines, !ends);
            from = i + 1;
        }
        begun.write(bytes, from, length - from);
        put(lines);
    }

    private void flush(ByteArrayOutputStream to, boolean unended) {
        to.writeBytes(mark);
        to.writeBytes(begun.toByteArray());
        if (unended) {
            to.write('\n');
        }
        begun.reset();
    }

    private void put(ByteArrayOutputStream lines) {
        if (lines.size() > 0) {
            all.write(lines.toByteArray(), lines.size());
        }
    }

    @Override
    public synchronized byte[] tail(int most) {
        return own.tail(most);
    }

    @Override
    public synchronized long printed() {
        return own.printed();
    }

    @Override
    public synchronized byte[] since(long before) {
        return own.tail((int) Math.min(Integer.MAX_VALUE, own.printed() - before));
    }

    @Override
    public synchronized void end() {
        if (begun.size() > 0) {
            var last = new ByteArrayOutputStream();
            flush(last, true);
            put(last);
        }
    }
}
