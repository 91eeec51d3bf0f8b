package io.coxswain.chaos.planning.engine;

import io.coxswain.chaos.planning.failure.Fleet;
import io.coxswain.chaos.planning.failure.Scope;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.View;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/**
 * What a placement survives, counted one domain at a time over the real placement.
 *
 * @param domains by scope: how many domains there are, and of how many the loss takes every
 *     instance of some shard
 * @param pairChance the chance that two agents that die at the same instant, drawn at random, take
 *     every instance of some shard
 */
public record Survival(List<Domains> domains, double pairChance) {
    /** Nothing is known: no placement was ever in force. */
    public static final Survival UNKNOWN = new Survival(List.of(), Double.NaN);

    /** Parts of a machine's path of failure domains, from the widest: level 0 is the first. */
    public static final List<String> LEVELS = List.of("power", "switch", "rack", "agent");

    /** {@code fatal} of {@code count} domains cannot be lost. */
    public record Domains(Scope scope, int count, int fatal) {}

    public Survival {
        domains = List.copyOf(domains);
    }

    /** What the coordinator says of levels by number, with the names that they have here. */
    public static String inWords(String said) {
        String text = said;
        for (int i = 0; i < LEVELS.size(); i++) {
            text = text.replace("at level " + i, "at level " + LEVELS.get(i));
        }
        return text;
    }

    static Survival of(Fleet fleet, View view, Placement placement) {
        int shards = view.mesh().shards();
        var instances = new ArrayList<List<Integer>>(shards);
        for (int shard = 0; shard < shards; shard++) {
            instances.add(new ArrayList<>(4));
        }
        for (int rank = 0; rank < view.members().size(); rank++) {
            int machine = fleet.machineOf(view.members().get(rank).key().id());
            instances.get(view.mesh().shardOf(rank)).add(machine);
        }
        for (CopyDuty duty : placement.duties()) {
            instances.get(duty.shard()).add(fleet.machineOf(duty.holder().key().id()));
        }
        var domains = new ArrayList<Domains>();
        for (Scope scope : List.of(Scope.AGENT, Scope.RACK, Scope.SWITCH, Scope.POWER)) {
            domains.add(new Domains(scope, fleet.targets(scope), fatal(fleet, scope, instances)));
        }
        return new Survival(domains, pairChance(fleet.machines(), instances));
    }

    private static int fatal(Fleet fleet, Scope scope, List<List<Integer>> instances) {
        var fatal = new java.util.BitSet();
        int size = fleet.machinesPer(scope);
        for (List<Integer> of : instances) {
            int first = of.getFirst() / size;
            boolean one = true;
            for (int machine : of) {
                one &= machine / size == first;
            }
            if (one) {
                fatal.set(first);
            }
        }
        return fatal.cardinality();
    }

    private static double pairChance(int machines, List<List<Integer>> instances) {
        var pairs = new HashMap<Long, Boolean>();
        for (List<Integer> of : instances) {
            var distinct = of.stream().distinct().sorted().toList();
            if (distinct.size() == 1) {
                return 1;
            }
            if (distinct.size() == 2) {
                pairs.put((long) distinct.get(0) << 32 | distinct.get(1), true);
            }
        }
        double all = machines * (machines - 1.0) / 2;
        return all == 0 ? 0 : pairs.size() / all;
    }
}
