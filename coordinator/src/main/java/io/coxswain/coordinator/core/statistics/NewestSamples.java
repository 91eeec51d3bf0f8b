package io.coxswain.coordinator.core.statistics;

import java.util.Arrays;

/**
 * The newest samples and their quantiles. They are kept in the order of their coming and in the
 * order of their size, so that adding one costs a search and two short moves, and a quantile
 * nothing.
 */
final class NewestSamples {
    private static final long[] NONE = {};

    private final int most;
    private long[] inOrder = NONE;
    private long[] bySize = NONE;
    private int size;
    private int next;

    NewestSamples(int most) {
        this.most = most;
    }

    void add(long sample) {
        if (size == inOrder.length && size < most) {
            int room = Math.min(most, Math.max(8, 2 * size));
            inOrder = Arrays.copyOf(inOrder, room);
            bySize = Arrays.copyOf(bySize, room);
        }
        if (size == most) {
            remove(inOrder[next]);
        }
        int at = Arrays.binarySearch(bySize, 0, size, sample);
        at = at < 0 ? -1 - at : at;
        System.arraycopy(bySize, at, bySize, at + 1, size - at);
        bySize[at] = sample;
        inOrder[next] = sample;
        size++;
        next = (next + 1) % most;
    }

    private void remove(long sample) {
        int at = Arrays.binarySearch(bySize, 0, size, sample);
        size--;
        System.arraycopy(bySize, at + 1, bySize, at, size - at);
    }

    void clear() {
        size = 0;
        next = 0;
    }

    int size() {
        return size;
    }

    /**
     * The least sample that at least that part of them does not exceed; 0 while there is none.
     *
     * @param part 0.5: the median; above 0, at most 1
     */
    long quantile(double part) {
        return size == 0 ? 0 : bySize[(int) Math.ceil(part * size) - 1];
    }

    long median() {
        return quantile(0.5);
    }
}
