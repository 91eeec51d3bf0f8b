package io.coxswain.chaos.simulation.invariant;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.View;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A shard's copies span failure domains; what is missing is reported. */
public final class CopiesSpanDomains implements Invariant {
    private final Map<String, Boolean> lacking = new HashMap<>();

    @Override
    public String name() {
        return "I8 copies span domains";
    }

    @Override
    public void prepareSent(JobHistory job, View view, Placement placement, boolean recorded) {
        check(job, view, placement);
    }

    @Override
    public void placementSent(JobHistory job, Placement placement) {
        ViewHistory view = job.of(placement.epoch());
        if (view != null) {
            check(job, view.view, placement);
        }
    }

    private static String key(String jobId, long epoch, long version) {
        return jobId + "/" + epoch + "/" + version;
    }

    private void check(JobHistory job, View view, Placement placement) {
        int level = job.spec.protectLevel();
        boolean missing = false;
        for (int shard = 0; shard < view.mesh().shards(); shard++) {
            var domains = new ArrayList<FailureDomain>();
            for (int replica = 0; replica < view.mesh().replicas(); replica++) {
                add(domains, view.members().get(view.mesh().rankOf(replica, shard)), level);
            }
            for (CopyDuty duty : placement.duties()) {
                if (duty.shard() == shard) {
                    AgentProfile source = view.members().get(duty.sourceRank());
                    if (source.key().equals(duty.holder().key())) {
                        throw new InvariantViolated(
                                name(),
                                "a copy of shard " + shard + " lies with its owner: " + duty);
                    }
                    if (!source.domain().independentOf(duty.holder().domain(), level)) {
                        throw new InvariantViolated(
                                name(), "a copy lies in its owner's domain: " + duty);
                    }
                    add(domains, duty.holder(), level);
                }
            }
            missing |= domains.size() < job.spec.protectCopies() + 1;
        }
        lacking.put(key(job.spec.jobId(), placement.epoch(), placement.version()), missing);
    }

    private static void add(List<FailureDomain> domains, AgentProfile agent, int level) {
        for (FailureDomain domain : domains) {
            if (!domain.independentOf(agent.domain(), level)) {
                return;
            }
        }
        domains.add(agent.domain());
    }

    @Override
    public void published(String coordinator, JobHistory job, CoordinatorEvent event) {
        if (event instanceof CoordinatorEvent.PlacementChanged changed
                && changed.deficits().isEmpty()
                && lacking.getOrDefault(
                        key(job.spec.jobId(), changed.epoch(), changed.version()), false)) {
            throw new InvariantViolated(
                    name(), "copies are missing and nobody says so: " + changed);
        }
    }
}
