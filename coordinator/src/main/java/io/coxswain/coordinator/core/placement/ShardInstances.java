package io.coxswain.coordinator.core.placement;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where one shard's instances are: domains at the level asked, each with how many owners and how
 * many instances it has. They are few, so a list is searched.
 */
final class ShardInstances {
    private static final int WIDTH = 3;

    final List<Holder> copies = new ArrayList<>(2);

    /** Domains of owners. */
    int ownerDomains;

    /** Domains with an instance, owners' included. */
    int domains;

    /** Domain, owners there, instances there; so for each domain. */
    private int[] counts = new int[2 * WIDTH];

    /** An owner is there. */
    void own(int domain) {
        int at = at(domain);
        ownerDomains += counts[at + 1] == 0 ? 1 : 0;
        counts[at + 1]++;
        counts[at + 2]++;
    }

    /** An owner is there no more. */
    void disown(int domain) {
        int at = at(domain);
        counts[at + 1]--;
        ownerDomains -= counts[at + 1] == 0 ? 1 : 0;
        less(at);
    }

    void add(Holder holder) {
        copies.add(holder);
        int at = at(holder.domain);
        counts[at + 2]++;
    }

    void remove(Holder holder) {
        copies.remove(holder);
        less(at(holder.domain));
    }

    private void less(int at) {
        counts[at + 2]--;
        if (counts[at + 2] == 0) {
            domains--;
            System.arraycopy(counts, domains * WIDTH, counts, at, WIDTH);
        }
    }

    /** One instance is there and no more. */
    boolean aloneIn(int domain) {
        int at = find(domain);
        return at >= 0 && counts[at + 2] == 1;
    }

    boolean in(int domain) {
        return find(domain) >= 0;
    }

    boolean ownedIn(int domain) {
        int at = find(domain);
        return at >= 0 && counts[at + 1] > 0;
    }

    private int find(int domain) {
        for (int at = 0; at < domains * WIDTH; at += WIDTH) {
            if (counts[at] == domain) {
                return at;
            }
        }
        return -1;
    }

    private int at(int domain) {
        int at = find(domain);
        if (at < 0) {
            at = domains * WIDTH;
            if (at == counts.length) {
                counts = Arrays.copyOf(counts, 2 * at);
            }
            counts[at] = domain;
            counts[at + 1] = 0;
            counts[at + 2] = 0;
            domains++;
        }
        return at;
    }
}
