package io.coxswain.coordinator.app;

import java.nio.charset.StandardCharsets;

/**
 * One thing to look at after a failure: a traceback, the stacks of a process, the end of a log.
 * Immutable.
 */
public final class EvidencePiece {
    private final String kind;
    private final String name;
    private final byte[] content;
    private final long cutBytes;

    /**
     * A piece.
     *
     * @param kind such as {@code traceback} or {@code python-stacks}
     * @param name of a file, without folders
     * @param cutBytes how many bytes were left out
     */
    public EvidencePiece(String kind, String name, byte[] content, long cutBytes) {
        this.kind = kind;
        this.name = name;
        this.content = content.clone();
        this.cutBytes = cutBytes;
    }

    public String kind() {
        return kind;
    }

    public String name() {
        return name;
    }

    /** A copy of the bytes. */
    public byte[] content() {
        return content.clone();
    }

    public int length() {
        return content.length;
    }

    public long cutBytes() {
        return cutBytes;
    }

    /** The bytes as text; what is no UTF-8 is replaced. */
    public String text() {
        return new String(content, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return name + " (" + content.length + " bytes)";
    }
}
