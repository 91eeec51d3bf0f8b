package io.coxswain.chaos.checker;

import io.coxswain.chaos.nemesis.Firing;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * All that is known of a scenario when it is over.
 *
 * @param job what was asked for
 * @param ended whether the job ended in time
 * @param completed whether it completed
 * @param reason why it did not
 * @param report null if none could be had
 * @param journal what the coordinators told, as it arrived
 * @param ends processes that ended and that nobody killed
 * @param digests seen in shared memory
 * @param leftovers processes, files, descriptors and threads that outlived the cluster, in words
 * @param reference the fault-free run; may take a run to find out
 * @param outages when ZooKeeper served nobody, where it has a fault
 */
public record Evidence(
        JobFacts job,
        boolean ended,
        boolean completed,
        String reason,
        @Nullable JobReport report,
        List<Happening.Told> journal,
        List<Happening.Ended> ends,
        List<Firing> firings,
        Map<StateKey, Set<String>> digests,
        List<String> leftovers,
        Supplier<Reference> reference,
        List<StoreOutage> outages) {
    /** Nobody watched ZooKeeper. */
    public Evidence(
            JobFacts job,
            boolean ended,
            boolean completed,
            String reason,
            @Nullable JobReport report,
            List<Happening.Told> journal,
            List<Happening.Ended> ends,
            List<Firing> firings,
            Map<StateKey, Set<String>> digests,
            List<String> leftovers,
            Supplier<Reference> reference) {
        this(
                job, ended, completed, reason, report, journal, ends, firings, digests, leftovers,
                reference, List.of());
    }

    public Evidence {
        outages = List.copyOf(outages);
        journal = List.copyOf(journal);
        ends = List.copyOf(ends);
        firings = List.copyOf(firings);
        leftovers = List.copyOf(leftovers);
    }

    /** The events of a kind, in order. */
    public <E extends CoordinatorEvent> List<E> events(Class<E> kind) {
        var found = new ArrayList<E>();
        for (Happening.Told told : journal) {
            if (kind.isInstance(told.event())) {
                found.add(kind.cast(told.event()));
            }
        }
        return found;
    }
}
