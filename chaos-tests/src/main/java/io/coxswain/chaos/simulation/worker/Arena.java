package io.coxswain.chaos.simulation.worker;

import io.coxswain.agent.core.model.SlotRef;
import io.coxswain.agent.core.model.StateName;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** An agent's shared memory: files of slots. It outlives workers and dies with its host. */
public final class Arena {
    /** How far a slot is. */
    public enum Stage {
        EMPTY,
        WRITING,
        /** All bytes are there, checksums and commit mark are not. */
        FILLED,
        COMMITTED
    }

    /** One slot. */
    public static final class Cell {
        private @Nullable StateName name;
        private Stage stage = Stage.EMPTY;
        private long content;
        private long recorded;

        public @Nullable StateName name() {
            return name;
        }

        public Stage stage() {
            return stage;
        }

        /** What a reader would find. */
        public long content() {
            return content;
        }

        /** The digest in the slot's table, as a number. */
        public long recorded() {
            return recorded;
        }

        public boolean isCommitted() {
            return stage == Stage.COMMITTED;
        }

        /** Committed, and what is there is what was written. */
        public boolean isIntact() {
            return stage == Stage.COMMITTED && content == recorded;
        }

        /** The digest in the slot's table. */
        public String digestHex() {
            return hex(recorded);
        }

        public void begin(StateName state) {
            name = state;
            stage = Stage.WRITING;
        }

        public void fill(long hash) {
            content = hash;
            recorded = hash;
            stage = Stage.FILLED;
        }

        public void commit() {
            stage = Stage.COMMITTED;
        }

        public void free() {
            name = null;
            stage = Stage.EMPTY;
        }

        /** A bit flips at rest. */
        public void flip() {
            content ^= 1L << 17;
        }
    }

    /** One file; the region of a worker also has parameters and the reduced gradient. */
    public static final class File {
        private final List<Cell> cells = new ArrayList<>();
        private final long bytes;
        private long[] parameters = {};
        private long reduced;

        File(int slots, long bytes) {
            this.bytes = bytes;
            for (int i = 0; i < slots; i++) {
                cells.add(new Cell());
            }
        }

        public List<Cell> cells() {
            return cells;
        }

        public long[] parameters() {
            return parameters;
        }

        public void parameters(int shards) {
            parameters = new long[shards];
        }

        public long reduced() {
            return reduced;
        }

        public void reduced(long sum) {
            reduced = sum;
        }
    }

    private final Map<String, File> files = new LinkedHashMap<>();
    private final long budgetBytes;
    private long usedBytes;

    public Arena(long budgetBytes) {
        this.budgetBytes = budgetBytes;
    }

    /** A state's digest in the words of the protocol. */
    public static String hex(long hash) {
        return String.format(Locale.ROOT, "%016x", hash);
    }

    /** Null when there is no room. */
    public @Nullable File create(String name, int slots, long bytes, boolean region) {
        if ((region ? 0 : usedBytes) + bytes > budgetBytes) {
            return null;
        }
        var file = new File(slots, bytes);
        files.put(name, file);
        usedBytes += bytes;
        return file;
    }

    public @Nullable File file(String name) {
        return files.get(name);
    }

    public @Nullable Cell cell(SlotRef slot) {
        File file = files.get(slot.file());
        return file == null || slot.index() >= file.cells.size()
                ? null
                : file.cells.get(slot.index());
    }

    public void delete(String name) {
        File file = files.remove(name);
        if (file != null) {
            usedBytes -= file.bytes;
        }
    }

    /** The files by name, in the order of their making. */
    public Map<String, File> files() {
        return files;
    }

    /** The host is gone. */
    public void lose() {
        files.clear();
        usedBytes = 0;
    }
}
