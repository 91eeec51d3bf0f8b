package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.model.HeldState;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;

import java.util.List;

/**
 * What the floors prove that agents tell of with their inventories. A floor counts only with a
 * state to show for it: one of an abandoned history is none.
 */
final class ToldFloors {
    private ToldFloors() {}

    /**
     * The newest floor that is known of the completed history, up to {@code baseStep}. A rank
     * learns of a floor one reduction after its peers may have, so members that were fenced apart
     * know different ones.
     */
    static long newest(Job job, long baseStep) {
        long newest = Math.min(job.stepping.floor(), baseStep);
        for (Roster.Member member : job.roster.all()) {
            long told = member.inventory.floor();
            if (member.answered && told > newest && told <= baseStep && shows(job, member, told)) {
                newest = told;
            }
        }
        return newest;
    }

    /**
     * Where the runtime reduces, states beyond the completed step are not trusted, and a leader
     * that took over may not have heard of steps that the former one saw completed. That one
     * granted floors, of completed steps that all ranks' holders had.
     */
    static void prove(Job job) {
        View view = job.view;
        if (view == null || !job.spec.runtimeReduces()) {
            return;
        }
        long proven = newest(job, job.spec.steps());
        if (proven > job.completedStep) {
            job.stepping.proven(view, proven);
        }
    }

    private static boolean shows(Job job, Roster.Member member, long step) {
        return trustsOneAt(job, step, member.inventory.snapshots())
                || trustsOneAt(job, step, member.inventory.copies());
    }

    private static boolean trustsOneAt(Job job, long step, List<HeldState> states) {
        for (int i = 0; i < states.size(); i++) {
            StateName name = states.get(i).name();
            if (name.step() == step && job.lineage.trusts(name.epoch(), step)) {
                return true;
            }
        }
        return false;
    }
}
