package io.coxswain.chaos.simulation.swarm;

import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.chaos.simulation.process.ClusterPlan;
import io.coxswain.chaos.simulation.process.ProtocolPhase;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a seed stands for: a cluster, a job, and the faults that come. All of it follows from the
 * seed, the kinds of faults and their rates included (as in TigerBeetle's VOPR).
 *
 * @param orders what people want meanwhile
 * @param safetyNanos faults may begin until then; after that everything is healed
 */
public record Drill(
        long seed, ClusterPlan cluster, List<Fault> faults, List<Order> orders, long safetyNanos) {
    private static final long SECOND = 1_000_000_000L;
    private static final int MOST_FAULTS = 40;
    private static final long ROUGH_EVERY = 3;
    private static final int AIMED_EACH = 3;

    /** Of so many seeds in turn, these have jobs whose workers reduce; one of them is rough. */
    private static final long IN_TURN = 18;

    private static final Set<Long> REDUCED_BY_WORKERS = Set.of(5L, 12L);

    /** What may go wrong in every drill: those that found bugs stay as they are. */
    private static final FaultKind[] PLAIN =
            EnumSet.range(FaultKind.HOST_DEATH, FaultKind.FLAPPING).toArray(FaultKind[]::new);

    /** What may go wrong in rough ones. */
    private static final FaultKind[] ROUGH =
            EnumSet.range(FaultKind.HOST_DEATH, FaultKind.LEADER_CUT).toArray(FaultKind[]::new);

    /** What people do meanwhile, in some drills of either sort. */
    private static final List<FaultKind> PLANNED =
            List.copyOf(EnumSet.range(FaultKind.DRAIN, FaultKind.NOTICE));

    private static final double WITH_PLANNED = 0.3;

    private static final List<ProtocolPhase> PHASES =
            List.of(
                    ProtocolPhase.WAITING,
                    ProtocolPhase.FENCING,
                    ProtocolPhase.PERSISTING,
                    ProtocolPhase.RESTORING,
                    ProtocolPhase.ACTIVATING,
                    ProtocolPhase.STEPPING,
                    ProtocolPhase.FINISHING,
                    ProtocolPhase.RECORDING);

    public Drill {
        faults = List.copyOf(faults);
        orders = List.copyOf(orders);
    }

    /** The same with other faults. */
    public Drill withFaults(List<Fault> others) {
        return new Drill(seed, cluster, others, orders, safetyNanos);
    }

    /** Draws the drill of a seed. */
    public static Drill of(long seed) {
        Randomness random = new Randomness(seed).split("drill");
        ClusterPlan cluster = cluster(random.split("cluster"));
        if (REDUCED_BY_WORKERS.contains(Long.remainderUnsigned(seed, IN_TURN))) {
            cluster = reducedByWorkers(random, cluster);
        }
        return of(seed, random, cluster);
    }

    /** The same of a seed, with a job whose workers reduce. */
    public static Drill reducedByWorkers(long seed) {
        Randomness random = new Randomness(seed).split("drill");
        ClusterPlan cluster = cluster(random.split("cluster"));
        return of(seed, random, reducedByWorkers(random, cluster));
    }

    private static ClusterPlan reducedByWorkers(Randomness random, ClusterPlan cluster) {
        return cluster.reducedBy(
                workers(random.split("reduction")), random.split("cut").chance(0.5));
    }

    private static ClusterPlan.Reduction workers(Randomness random) {
        return random.chance(0.4)
                ? ClusterPlan.Reduction.REFORMING_WORKERS
                : ClusterPlan.Reduction.WORKERS;
    }

    private static Drill of(long seed, Randomness random, ClusterPlan cluster) {
        long safety = random.between(8, 30) * SECOND;
        List<Fault> faults = faults(random.split("faults"), PLAIN, 0.4, safety, 1);
        Drill drill =
                Long.remainderUnsigned(seed, ROUGH_EVERY) == 0
                        ? rough(seed, random.split("rough"), cluster, faults, safety)
                        : new Drill(seed, cluster, faults, List.of(), safety);
        Randomness planned = random.split("planned");
        if (planned.chance(WITH_PLANNED)) {
            drill = drill.withPlanned(planned);
        }
        return new Drill(
                seed,
                drill.cluster,
                drill.faults,
                Order.drawn(random.split("orders"), drill.faults, drill.safetyNanos),
                drill.safetyNanos);
    }

    private Drill withPlanned(Randomness random) {
        var all = new ArrayList<Fault>(faults);
        for (long left = random.between(1, 4); left > 0; left--) {
            long at = random.between(SECOND, safetyNanos);
            @Nullable ProtocolPhase during = random.chance(0.3) ? random.pick(PHASES) : null;
            all.add(fault(random, random.pick(PLANNED), at, during));
        }
        all.sort(Comparator.comparingLong(Fault::atNanos));
        return withFaults(all);
    }

    /** The same, with planned work and nothing else: no step may be lost by it. */
    public Drill onlyPlanned() {
        return new Drill(seed, cluster, List.of(), List.of(), safetyNanos)
                .withPlanned(new Randomness(seed).split("drill").split("only planned"));
    }

    /**
     * The drill of every third seed: packets get lost and threads are late, faults of all kinds
     * last up to three times as long, and the job may be so long that credits and leases run out.
     */
    private static Drill rough(
            long seed, Randomness random, ClusterPlan cluster, List<Fault> plain, long safety) {
        boolean longJob = random.chance(0.25);
        long begins = longJob ? safety + 20 * SECOND : safety;
        var faults = new ArrayList<Fault>(plain);
        faults.addAll(faults(random.split("faults"), ROUGH, 0.5, begins, 3));
        faults.sort(Comparator.comparingLong(Fault::atNanos));
        if (faults.size() > MOST_FAULTS) {
            faults.subList(MOST_FAULTS, faults.size()).clear();
        }
        faults.addAll(aimed(seed / ROUGH_EVERY, random.split("aimed"), begins));
        faults.sort(Comparator.comparingLong(Fault::atNanos));
        return new Drill(
                seed,
                cluster.rough(
                        random.chance(0.75) ? 2 : 1,
                        longJob
                                ? random.between(20, 40) * SECOND / cluster.executeNanos()
                                : cluster.steps()),
                faults,
                List.of(),
                begins);
    }

    /**
     * Pairs of kind and phase in turn, so that no pair is left to luck, each with what leads to its
     * phase: a job begins and ends by itself, a recovery and a change of leaders do not.
     */
    private static List<Fault> aimed(long number, Randomness random, long safety) {
        FaultKind[] kinds = ROUGH;
        ProtocolPhase[] phases = ProtocolPhase.values();
        var faults = new ArrayList<Fault>();
        for (int i = 0; i < AIMED_EACH; i++) {
            int pair =
                    (int)
                            Long.remainderUnsigned(
                                    number * AIMED_EACH + i, (long) kinds.length * phases.length);
            ProtocolPhase phase = phases[pair % phases.length];
            long at =
                    random.chance(0.5) ? random.between(0, SECOND) : random.between(0, safety / 2);
            faults.add(fault(random, kinds[pair / phases.length], at, phase));
            switch (phase) {
                case STANDBY ->
                        faults.add(fault(random, FaultKind.COORDINATOR_CRASH, at + SECOND, null));
                case FENCING -> faults.add(fault(random, FaultKind.AGENT_DEATH, at + SECOND, null));
                case WAITING,
                        PERSISTING,
                        RESTORING,
                        ACTIVATING,
                        STEPPING,
                        FINISHING,
                        RECORDING -> {}
            }
        }
        return faults;
    }

    private static Fault fault(
            Randomness random, FaultKind kind, long at, @Nullable ProtocolPhase during) {
        return new Fault(
                kind,
                at,
                during,
                lasts(random, kind),
                random.below(1 << 20),
                random.below(1 << 20));
    }

    private static ClusterPlan cluster(Randomness random) {
        Mesh mesh = new Mesh((int) random.between(1, 3), (int) random.between(1, 3));
        int ranks = mesh.ranks();
        long execute = random.pick(List.of(5L, 10L, 20L, 40L, 80L)) * 1_000_000L;
        int spares = (int) random.between(0, 3);
        int copies = (int) random.between(0, 2);
        int rackHosts = (int) random.between(1, 2);
        // What is asked for can be had when all hosts are well: domains enough for the copies.
        int level = random.chance(0.7) ? 1 : 0;
        int agents = ranks + spares;
        int domains = level == 1 ? agents : (agents + rackHosts - 1) / rackHosts;
        return new ClusterPlan(
                mesh,
                spares,
                random.chance(0.5) ? 2 : 1,
                rackHosts,
                random.between(30, 30 + 8_000_000_000L / execute / 4),
                ranks + random.below(6),
                32 + random.below(40),
                Math.min(copies, domains - 1),
                every(random),
                level,
                random.chance(0.5),
                execute,
                random.between(50, 800) * 1_000_000L,
                random.between(20, 2_000) * 1_000L,
                random.between(0, 1_000) * 1_000L,
                random.between(1, 60) * 1_000_000L,
                false);
    }

    // One in four lets the coordinator choose; what the others draw is what they drew before.
    private static int every(Randomness random) {
        int every = (int) random.between(1, 4);
        return random.split("interval").chance(0.25) ? JobSpec.AUTOMATIC : every;
    }

    private static List<Fault> faults(
            Randomness random, FaultKind[] kinds, double chance, long safety, int longest) {
        // Which kinds there are, and how often each: drawn for the seed.
        Map<FaultKind, Double> weights = new EnumMap<>(FaultKind.class);
        double all = 0;
        for (FaultKind kind : kinds) {
            double weight = random.chance(chance) ? random.unit() : 0;
            weights.put(kind, weight);
            all += weight;
        }
        var faults = new ArrayList<Fault>();
        if (all == 0) {
            return faults;
        }
        long every = random.between(SECOND / 2, 8 * SECOND);
        long at = random.exponential(every);
        while (at < safety && faults.size() < MOST_FAULTS) {
            FaultKind kind = draw(random, weights, all);
            @Nullable ProtocolPhase during = random.chance(0.4) ? random.pick(PHASES) : null;
            faults.add(
                    new Fault(
                            kind,
                            at,
                            during,
                            lasts(random, kind) * (longest == 1 ? 1 : random.between(1, longest)),
                            random.below(1 << 20),
                            random.below(1 << 20)));
            at += random.exponential(every);
        }
        faults.sort(Comparator.comparingLong(Fault::atNanos));
        return faults;
    }

    private static FaultKind draw(Randomness random, Map<FaultKind, Double> weights, double all) {
        double left = random.unit() * all;
        FaultKind last = FaultKind.AGENT_DEATH;
        for (FaultKind kind : FaultKind.values()) {
            double weight = weights.getOrDefault(kind, 0.0);
            if (weight > 0) {
                last = kind;
                left -= weight;
                if (left <= 0) {
                    return kind;
                }
            }
        }
        return last;
    }

    private static long lasts(Randomness random, FaultKind kind) {
        long milli = SECOND / 1000;
        return switch (kind) {
            case HOST_DEATH, AGENT_DEATH, RACK_DEATH -> random.between(300, 15_000) * milli;
            case WORKER_DEATH, WORKER_HANG, RESET, BIT_FLIP, SESSION_EXPIRY, MASS_EXPIRY -> milli;
            case STRAGGLER -> random.between(1_000, 8_000) * milli;
            case SHORT_PAUSE -> random.between(50, 1_400) * milli;
            case LONG_PAUSE -> random.between(2_500, 15_000) * milli;
            case PARTITION, ONE_WAY, DATA_CUT, CONTROL_CUT -> random.between(100, 14_000) * milli;
            case SLOW_LINK, LAGGING_COPIES -> random.between(500, 10_000) * milli;
            case STORE_OUTAGE, STORE_CUT -> random.between(200, 14_000) * milli;
            case COORDINATOR_CRASH -> random.between(100, 9_000) * milli;
            case COORDINATOR_PAUSE -> random.between(1_000, 16_000) * milli;
            case FLAPPING -> random.between(4_000, 12_000) * milli;
            case WIRE_FLIP -> random.between(300, 6_000) * milli;
            case LEADER_SESSION -> milli;
            case LEADER_CUT -> random.between(500, 14_000) * milli;
            case DRAIN, CORDON -> random.between(1_000, 25_000) * milli;
            case NOTICE -> random.between(500, 20_000) * milli;
        };
    }
}
