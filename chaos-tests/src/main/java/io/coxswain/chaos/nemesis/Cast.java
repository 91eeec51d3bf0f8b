package io.coxswain.chaos.nemesis;

import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.Part;
import io.coxswain.chaos.scenario.Target;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Who plays which part now, as far as the coordinator has told. Confined to the nemesis' thread.
 */
final class Cast {
    private final Stage stage;
    private final Random random;
    private List<String> members = List.of();
    private long step;
    private int incident;
    private @Nullable Incident recovering;

    Cast(Stage stage, long seed) {
        this.stage = stage;
        this.random = new Random(seed);
    }

    void heard(Happening happening) {
        if (!(happening instanceof Happening.Told told)) {
            return;
        }
        step = Math.max(step, told.step());
        switch (told.event()) {
            case CoordinatorEvent.ViewActivated view -> members = view.members();
            case CoordinatorEvent.StepsCompleted steps -> step = Math.max(step, steps.step());
            case CoordinatorEvent.IncidentProgressed progress -> {
                recovering = progress.incident();
                incident = Math.max(incident, progress.incident().id());
            }
            case CoordinatorEvent.IncidentClosed closed -> {
                incident = Math.max(incident, closed.incident().id());
                recovering = null;
            }
            default -> {
                // Changes nobody's part.
            }
        }
    }

    /** The newest step known to be complete. */
    long step() {
        return step;
    }

    /** The newest incident's number. */
    int incident() {
        return incident;
    }

    boolean isMember(int agent) {
        return agent < stage.agents().size() && members.contains(stage.agents().get(agent));
    }

    /** The part of the victims that a fault hits. */
    static Part part(Fault fault) {
        return switch (fault) {
            case Fault.Kill(Part part) -> part;
            case Fault.Pause(Part part) -> part;
            case Fault.Abort _ -> Part.WORKER;
            case Fault.Terminate _,
                    Fault.LimitMemory _,
                    Fault.Usurp _,
                    Fault.CancelJob _,
                    Fault.Starve _,
                    Fault.CrashLoop _,
                    Fault.Link _,
                    Fault.ExpireSession _,
                    Fault.FillDisk _,
                    Fault.FlipBit _,
                    Fault.Words _ ->
                    Part.HOST;
        };
    }

    Set<String> parties(List<Victim> victims) {
        var parties = new LinkedHashSet<String>();
        victims.forEach(victim -> parties.add(victim.party()));
        return parties;
    }

    /** Who is meant; nobody if there is none such now. */
    List<Victim> victims(Target target, Part part) {
        return names(target).stream().map(name -> new Victim(part, name)).toList();
    }

    private List<String> names(Target target) {
        List<String> agents = stage.agents();
        return switch (target) {
            case Target.Agents(List<Integer> indices) ->
                    indices.stream()
                            .filter(index -> index < agents.size())
                            .map(agents::get)
                            .toList();
            case Target.Rack(int number) -> rack(number);
            case Target.Coordinator() -> List.of(stage.coordinator());
            case Target.ZooKeeper() -> stage.zookeepers();
            case Target.ZooKeepers(List<Integer> indices) ->
                    indices.stream()
                            .filter(index -> index < stage.zookeepers().size())
                            .map(stage.zookeepers()::get)
                            .toList();
            case Target.ZooKeeperLeader() -> stage.zookeeperLeader().stream().toList();
            case Target.Role(Target.Kind kind) ->
                    switch (kind) {
                        case RANDOM_AGENT -> any(agents.stream());
                        case SPARE ->
                                any(agents.stream().filter(agent -> !members.contains(agent)));
                        case DONOR -> source(true);
                        case RECIPIENT -> source(false);
                    };
        };
    }

    private List<String> rack(int number) {
        var names = new ArrayList<String>();
        for (int i = 0; i < stage.agents().size(); i++) {
            if (stage.domains().get(i).startsWith("rack" + number + "/")) {
                names.add(stage.agents().get(i));
            }
        }
        return names;
    }

    private List<String> any(Stream<String> candidates) {
        List<String> living = candidates.filter(stage::alive).toList();
        return living.isEmpty() ? List.of() : List.of(living.get(random.nextInt(living.size())));
    }

    private List<String> source(boolean donor) {
        Incident now = recovering;
        if (now != null) {
            for (Incident.Source source : now.sources()) {
                boolean moves =
                        !source.source().equals("live")
                                && !source.fromAgent().isEmpty()
                                && !source.fromAgent().equals(source.agent());
                if (moves) {
                    return List.of(donor ? source.fromAgent() : source.agent());
                }
            }
            // Nothing crosses the network: who takes over is recipient, who kept its state donor.
            for (Incident.Source source : now.sources()) {
                if (source.source().equals("live") == donor && !source.agent().isEmpty()) {
                    return List.of(source.agent());
                }
            }
        }
        List<String> lost = now == null ? List.of() : now.agents();
        return any(members.stream().filter(member -> !lost.contains(member)));
    }
}
