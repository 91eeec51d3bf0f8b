package io.coxswain.coordinator.core.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Small agents, jobs and states for tests. */
public final class Samples {
    public static final long MB = 1_000_000L;

    private Samples() {}

    public static AgentKey key(String id) {
        return new AgentKey(id, "0123456789abcdef0123456789abcdef");
    }

    /** An agent with much memory in the domain {@code rack/id}. */
    public static AgentProfile agent(String id, String rack) {
        return agent(id, rack, 1_000_000 * MB);
    }

    public static AgentProfile agent(String id, String rack, long budgetBytes) {
        return new AgentProfile(
                key(id),
                new DataEndpoint("127.0.0.1", 1 + Math.abs(id.hashCode() % 60_000)),
                FailureDomain.parse(rack + "/" + id),
                budgetBytes);
    }

    /** Level 1 is the agent itself, level 0 its rack. */
    public static JobSpec job(int replicas, int shards, int copies, int level) {
        return new JobSpec(
                "job-1",
                "sample",
                new Mesh(replicas, shards),
                600,
                7,
                "/data",
                128,
                Math.max(8, replicas * shards),
                copies,
                1,
                level,
                60_000_000_000L,
                "runtime",
                "agent",
                "reference",
                "{}");
    }

    /** The same with collectives of the runtime. */
    public static JobSpec runtimeReduces(JobSpec job) {
        return new JobSpec(
                job.jobId(),
                job.name(),
                job.mesh(),
                job.steps(),
                job.seed(),
                job.data(),
                job.batch(),
                job.microshards(),
                job.protectCopies(),
                job.protectEvery(),
                job.protectLevel(),
                job.returnWaitNanos(),
                job.collectivesWithin(),
                "runtime",
                "process",
                job.runtimeJson());
    }

    /** Each shard: 100 MB a state, 50 MB of region. */
    public static StateLayout layout(int shards) {
        var bounds = new ArrayList<Long>();
        for (long i = 0; i <= shards; i++) {
            bounds.add(i * 1000);
        }
        return new StateLayout(
                shards * 1000L,
                bounds,
                Collections.nCopies(shards, 100 * MB),
                Collections.nCopies(shards, 50 * MB),
                "print",
                true);
    }

    public static HeldState held(long epoch, long step, int shard, String digestHex) {
        return new HeldState(new StateName(epoch, step, shard), new Digest(digestHex), 100 * MB);
    }

    public static View view(long epoch, Mesh mesh, List<AgentProfile> members) {
        return new View(epoch, 0, 0, mesh, members);
    }
}
