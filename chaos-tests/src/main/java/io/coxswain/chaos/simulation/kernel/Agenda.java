package io.coxswain.chaos.simulation.kernel;

import io.coxswain.chaos.simulation.kernel.Kernel.Ticket;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/** What is to happen, earliest first: a heap in which each ticket has four below it. */
final class Agenda {
    private static final int FIRST_CAPACITY = 256;
    private static final int BELOW_EACH = 4;

    private @Nullable Ticket[] heap = new @Nullable Ticket[FIRST_CAPACITY];
    private int size;

    int size() {
        return size;
    }

    @Nullable Ticket first() {
        return heap[0];
    }

    void add(Ticket ticket) {
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, 2 * size);
        }
        int place = size++;
        while (place > 0) {
            int above = (place - 1) / BELOW_EACH;
            Ticket other = at(above);
            if (other.before(ticket)) {
                break;
            }
            heap[place] = other;
            place = above;
        }
        heap[place] = ticket;
    }

    /** Takes the earliest away; there must be one. */
    void removeFirst() {
        Ticket moved = at(--size);
        heap[size] = null;
        if (size == 0) {
            return;
        }
        int place = 0;
        while (true) {
            int below = place * BELOW_EACH + 1;
            if (below >= size) {
                break;
            }
            int least = below;
            Ticket earliest = at(below);
            int end = Math.min(size, below + BELOW_EACH);
            for (int i = below + 1; i < end; i++) {
                Ticket each = at(i);
                if (each.before(earliest)) {
                    least = i;
                    earliest = each;
                }
            }
            if (moved.before(earliest)) {
                break;
            }
            heap[place] = earliest;
            place = least;
        }
        heap[place] = moved;
    }

    private Ticket at(int index) {
        Ticket ticket = heap[index];
        if (ticket == null) {
            throw new IllegalStateException("nothing stands at " + index + " of " + size);
        }
        return ticket;
    }
}
