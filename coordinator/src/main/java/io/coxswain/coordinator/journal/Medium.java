package io.coxswain.coordinator.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** An open file as the journal uses one: a seam, since a full disk is hard to come by. */
interface Medium extends AutoCloseable {
    /** Opens files. */
    interface Opener {
        Medium open(Path file) throws IOException;
    }

    long size() throws IOException;

    /** Reads as much as there is and fits. */
    void read(ByteBuffer into, long position) throws IOException;

    /** Writes some bytes, at least one. */
    void write(ByteBuffer from, long position) throws IOException;

    void truncate(long size) throws IOException;

    /** What was written outlives the machine. */
    void force() throws IOException;

    @Override
    void close() throws IOException;

    /** The file itself, locked against other writers. */
    static Medium file(Path file) throws IOException {
        FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() == null) {
                throw inUse(file);
            }
        } catch (OverlappingFileLockException same) {
            channel.close();
            throw inUse(file);
        } catch (IOException failed) {
            channel.close();
            throw failed;
        }
        return new Medium() {
            @Override
            public long size() throws IOException {
                return channel.size();
            }

            @Override
            public void read(ByteBuffer into, long position) throws IOException {
                long at = position;
                while (into.hasRemaining()) {
                    int read = channel.read(into, at);
                    if (read < 0) {
                        return;
                    }
                    at += read;
                }
            }

            @Override
            public void write(ByteBuffer from, long position) throws IOException {
                channel.write(from, position);
            }

            @Override
            public void truncate(long size) throws IOException {
                channel.truncate(size);
            }

            @Override
            public void force() throws IOException {
                channel.force(false);
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }

    private static IOException inUse(Path file) {
        return new IOException(
                "another coordinator writes it: give each coordinator a journal of its own");
    }
}
