package io.coxswain.coordinator.core.statistics;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * How one agent fared lately: {@value #CELLS} cells, oldest first, a letter each. The worst that
 * was seen within a cell's time stands in it.
 */
public final class Heat {
    /** Cells of one agent. */
    public static final int CELLS = 120;

    /** From mild to bad. */
    private static final String ORDER = ".pchrgsl";

    private final byte[] ring = new byte[CELLS];
    private long newest;

    /** An agent that is first seen in that cell. */
    public Heat(long cell) {
        Arrays.fill(ring, (byte) '.');
        newest = cell;
    }

    /**
     * It is so now. Cells since the last word are taken to have been as that one.
     *
     * @param cell the running number of the cell, never less than before
     */
    public void note(long cell, char state) {
        byte last = at(newest);
        long skipped = Math.min(cell - newest, CELLS);
        for (long passed = cell - skipped + 1; passed <= cell; passed++) {
            ring[(int) (passed % CELLS)] = passed == cell ? (byte) '.' : last;
        }
        newest = Math.max(newest, cell);
        if (ORDER.indexOf(state) >= ORDER.indexOf(at(newest))) {
            ring[(int) (newest % CELLS)] = (byte) state;
        }
    }

    /** Each cell lasts twice as long from now on. */
    public void fold() {
        var folded = new byte[CELLS];
        Arrays.fill(folded, (byte) '.');
        long last = newest / 2;
        for (long cell = newest; cell > newest - CELLS && cell >= 0; cell--) {
            int to = (int) (cell / 2 % CELLS);
            byte state = at(cell);
            if (ORDER.indexOf(state) > ORDER.indexOf(folded[to])) {
                folded[to] = state;
            }
        }
        System.arraycopy(folded, 0, ring, 0, CELLS);
        newest = last;
    }

    private byte at(long cell) {
        return ring[(int) (cell % CELLS)];
    }

    /** True where nothing is left to show. */
    public boolean isOver() {
        for (byte state : ring) {
            if (state != '.') {
                return false;
            }
        }
        return true;
    }

    /** Oldest first. */
    public String cells() {
        var line = new byte[CELLS];
        int oldest = (int) ((newest + 1) % CELLS);
        System.arraycopy(ring, oldest, line, 0, CELLS - oldest);
        System.arraycopy(ring, 0, line, CELLS - oldest, oldest);
        return new String(line, StandardCharsets.ISO_8859_1);
    }
}
