package io.coxswain.chaos.simulation.worker;

import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.kernel.Randomness;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/**
 * The groups in which workers reduce among themselves, one for each view. A step ends only if all
 * ranks take part in it. When one dies the others hang, or see the broken connection, as runtimes
 * do; and it may have been the last step for some of them only: one rank that made it proves
 * nothing of the others.
 */
public final class WorkerGroups {
    private static final long SPREAD_NANOS = 400_000L;
    private static final long NOTICE_NANOS = 3_000_000L;
    private static final long LOOK_AGAIN_NANOS = 50_000_000L;

    private final Kernel kernel;
    private final Randomness random;
    private final Links links;
    private final TreeMap<String, Group> groups = new TreeMap<>();

    /** Whether hosts reach each other. */
    @FunctionalInterface
    public interface Links {
        boolean passes(int from, int to);
    }

    /** A member that waits for the others. */
    interface Member {
        int host();

        boolean canAnswer();

        /** The sum over all ranks is there. */
        void reduced(long step, long sum);

        void broken(String words);
    }

    private static final class Group {
        final int ranks;
        final Map<Integer, Arrival> arrived = new HashMap<>();
        boolean broken;

        /** Whether who waits hears of it. */
        boolean noticed;

        Group(int ranks) {
            this.ranks = ranks;
        }
    }

    private record Arrival(Member member, long step, Part part) {}

    /**
     * What a rank adds to a step.
     *
     * @param shards of the job
     * @param shard that the rank has
     * @param state of the shard, which the others need, too
     * @param sum its own gradients' sum, once all shards' states are together
     */
    record Part(int shards, int shard, long state, ToLongFunction<long[]> sum) {}

    public WorkerGroups(Kernel kernel, Randomness random, Links links) {
        this.kernel = kernel;
        this.random = random;
        this.links = links;
    }

    private static String name(String job, long epoch) {
        return job + "/" + epoch;
    }

    /** A rank has its part of the step's sum, and waits. */
    void arrive(String job, long epoch, int rank, int ranks, Member member, long step, Part part) {
        Group group = groups.computeIfAbsent(name(job, epoch), _ -> new Group(ranks));
        group.arrived.put(rank, new Arrival(member, step, part));
        if (group.broken) {
            notice(group, member);
        } else {
            look(group);
        }
    }

    private void look(Group group) {
        if (group.broken || group.arrived.size() < group.ranks) {
            return;
        }
        var members = new ArrayList<>(group.arrived.values());
        long sum = 0;
        for (Arrival each : members) {
            if (each.step() != members.getFirst().step() || !each.member().canAnswer()) {
                return;
            }
            for (Arrival other : members) {
                if (!links.passes(each.member().host(), other.member().host())) {
                    kernel.after(LOOK_AGAIN_NANOS, "group", () -> look(group));
                    return;
                }
            }
        }
        for (Arrival each : members) {
            sum += each.part().sum().applyAsLong(gathered(members, each.part()));
        }
        long total = sum;
        group.arrived.clear();
        for (Arrival each : members) {
            kernel.after(
                    random.between(1, SPREAD_NANOS),
                    "reduced",
                    () -> {
                        // Who died meanwhile may have taken the end of the sum with it.
                        if (group.broken && random.chance(0.5)) {
                            notice(group, each.member());
                        } else {
                            each.member().reduced(each.step(), total);
                        }
                    });
        }
    }

    /** The states of all shards as a rank sees them: its own is its own. */
    private static long[] gathered(List<Arrival> members, Part own) {
        long[] states = new long[own.shards()];
        for (Arrival each : members) {
            states[each.part().shard()] = each.part().state();
        }
        states[own.shard()] = own.state();
        return states;
    }

    /** A member's process is gone. */
    void left(String job, long epoch) {
        Group group = groups.get(name(job, epoch));
        if (group == null || group.broken) {
            return;
        }
        group.broken = true;
        group.noticed = random.chance(0.5);
        List<Arrival> waiting = List.copyOf(group.arrived.values());
        group.arrived.clear();
        waiting.forEach(each -> notice(group, each.member()));
    }

    private void notice(Group group, Member member) {
        if (group.noticed) {
            kernel.after(
                    random.between(1, NOTICE_NANOS),
                    "broken",
                    () -> member.broken("connection closed by a peer"));
        }
    }

    /** A rank waits no more: its view is over. */
    void giveUp(String job, long epoch, int rank) {
        Group group = groups.get(name(job, epoch));
        if (group != null) {
            group.broken = true;
            group.arrived.remove(rank);
        }
    }

    /** Views below are over, and their groups with them. */
    void forget(String job, long belowEpoch) {
        groups.keySet()
                .removeIf(name ->
                        name.startsWith(job + "/")
                                && Long.parseLong(name.substring(job.length() + 1)) < belowEpoch);
    }
}
