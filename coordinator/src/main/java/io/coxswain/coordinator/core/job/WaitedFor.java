package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.View;

import java.util.ArrayList;
import java.util.List;

/** On which agents a job waits that makes no steps. Stateless. */
final class WaitedFor {
    private WaitedFor() {}

    /** In order; empty where it waits for the store, for nobody who is there, or not at all. */
    static List<AgentKey> of(Job job) {
        return switch (job.phase) {
            case WAITING ->
                    job.roster.all().stream()
                            .filter(member -> member.fit() && !member.ready() && !member.shunned())
                            .map(member -> member.key)
                            .toList();
            case FENCING ->
                    job.roster.all().stream()
                            .filter(member -> member.awaited)
                            .map(member -> member.key)
                            .toList();
            case PLANNING -> job.fencing.restarting();
            case PREPARING -> job.preparing.notReady();
            case FINISHING -> unfinished(job);
            case RETURN_WAIT, PERSISTING, ACTIVATING, ACTIVE, RECORDING -> List.of();
            case COMPLETED, FAILED, CANCELLED -> List.of();
        };
    }

    private static List<AgentKey> unfinished(Job job) {
        var keys = new ArrayList<AgentKey>();
        View view = job.view;
        if (view != null) {
            List<AgentProfile> members = view.members();
            for (int rank = 0; rank < members.size(); rank++) {
                if (!job.finishing.has(rank)) {
                    keys.add(members.get(rank).key());
                }
            }
        }
        return keys;
    }
}
