package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobMachine;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.picture.CopiesPicture;
import io.coxswain.coordinator.picture.HolderPicture;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Who holds the state, as pictures show it. Made anew when the placement changes or when a holder
 * verifies its first copy of a shard; a copy that is only on its way protects nothing yet. Owned by
 * the decision loop.
 */
final class CopiesPictures {
    private final JobSpec spec;
    private long shownEpoch = -1;
    private long shownVersion;
    private long shownPlacements;
    private List<CopyDuty> unverified = List.of();
    private CopiesPicture newest;

    CopiesPictures(JobSpec spec) {
        this.spec = spec;
        newest = new CopiesPicture(spec.protectCopies(), 0, List.of(), List.of(), "", false);
    }

    CopiesPicture picture(JobMachine machine, RunFigures figures) {
        View view = machine.view();
        Placement placement = machine.placement();
        if (view == null || placement == null) {
            return newest;
        }
        boolean shown =
                placement.epoch() == shownEpoch
                        && placement.version() == shownVersion
                        // One that another leader made is told again once it was looked at.
                        && figures.placements() == shownPlacements
                        && figures.snapshots().equals(newest.snapshots());
        if (!shown || anyVerified(machine)) {
            shownEpoch = placement.epoch();
            shownVersion = placement.version();
            shownPlacements = figures.placements();
            newest = make(machine, figures, view, placement);
        }
        return newest;
    }

    private boolean anyVerified(JobMachine machine) {
        for (CopyDuty duty : unverified) {
            if (machine.holdsCopy(duty.holder().key(), duty.shard())) {
                return true;
            }
        }
        return false;
    }

    private CopiesPicture make(
            JobMachine machine, RunFigures figures, View view, Placement placement) {
        Mesh mesh = view.mesh();
        var holders = new ArrayList<HolderPicture>();
        List<List<AgentProfile>> instances = new ArrayList<>();
        for (int shard = 0; shard < mesh.shards(); shard++) {
            instances.add(new ArrayList<>());
        }
        for (int rank = 0; rank < view.members().size(); rank++) {
            AgentProfile member = view.members().get(rank);
            int shard = mesh.shardOf(rank);
            holders.add(holder(shard, rank, member, true));
            instances.get(shard).add(member);
        }
        var waiting = new ArrayList<CopyDuty>();
        for (CopyDuty duty : placement.duties()) {
            holders.add(holder(duty.shard(), duty.sourceRank(), duty.holder(), false));
            if (machine.holdsCopy(duty.holder().key(), duty.shard())) {
                instances.get(duty.shard()).add(duty.holder());
            } else {
                waiting.add(duty);
            }
        }
        unverified = waiting;
        holders.sort(
                Comparator.comparingInt(HolderPicture::shard)
                        .thenComparing(HolderPicture::owner, Comparator.reverseOrder())
                        .thenComparingInt(HolderPicture::rank)
                        .thenComparing(HolderPicture::agent));
        int least = Integer.MAX_VALUE;
        boolean fatal = false;
        for (List<AgentProfile> of : instances) {
            least = Math.min(least, domains(of, spec.protectLevel()) - 1);
            fatal |= domains(of, Integer.MAX_VALUE) == 1;
        }
        return new CopiesPicture(
                spec.protectCopies(),
                least,
                holders,
                figures.deficits(),
                figures.survives(),
                fatal,
                figures.snapshots());
    }

    private static HolderPicture holder(int shard, int rank, AgentProfile agent, boolean owner) {
        return new HolderPicture(shard, rank, agent.key().id(), agent.domain().toString(), owner);
    }

    /** How many domains they are in, as paths of at most {@code level} + 1 parts. */
    private static int domains(List<AgentProfile> agents, int level) {
        Set<List<String>> paths = new HashSet<>();
        for (AgentProfile agent : agents) {
            FailureDomain domain = agent.domain();
            int depth = Math.min(domain.parts().size(), Math.max(level, level + 1));
            paths.add(domain.parts().subList(0, depth));
        }
        return paths.size();
    }
}
