package io.coxswain.chaos.cluster;

import io.coxswain.chaos.nemesis.Deed;
import io.coxswain.chaos.nemesis.FaultPort;
import io.coxswain.chaos.nemesis.Happening;
import io.coxswain.chaos.nemesis.Nemesis;
import io.coxswain.chaos.nemesis.Victim;
import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.Part;
import io.coxswain.chaos.scenario.Rule;
import io.coxswain.chaos.scenario.Target;
import io.coxswain.proto.admin.v1.JobStatus;
import io.coxswain.proto.admin.v1.StatusResponse;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What a scenario would do to somebody else's cluster, in words. Stateless. */
final class AttachedPlan {
    private AttachedPlan() {}

    static List<String> of(
            AttachedStage stage, StatusResponse status, List<Rule> rules, long seed) {
        var lines = new ArrayList<String>();
        try (var nemesis = new Nemesis(stage, rules, seed, _ -> {})) {
            JobStatus job = stage.job(status);
            if (job != null) {
                nemesis.happened(
                        new Happening.Told(
                                System.nanoTime(),
                                0,
                                job.getJobId(),
                                job.getCompletedStep(),
                                Watching.view(job, status.getAgentsList())));
            }
            for (Rule rule : rules) {
                lines.add(rule.text());
                List<Victim> victims = nemesis.victims(rule).join();
                if (victims.isEmpty()) {
                    lines.add("  there is no such victim now");
                }
                boolean known = rule.victims() instanceof Target.Agents;
                for (Victim victim : victims) {
                    String whom =
                            "  " + victim + (known ? "" : " (now; who it is then, is known then)");
                    for (Deed deed : deeds(rule.fault())) {
                        lines.add(whom + ", " + word(deed) + ": " + plan(stage, deed, victim));
                    }
                }
            }
        }
        return lines;
    }

    private static String word(Deed deed) {
        return switch (deed) {
            case KILL -> "SIGKILL";
            case PAUSE -> "SIGSTOP";
            case RESUME -> "to heal, SIGCONT";
            case TERMINATE -> "SIGTERM";
            case START -> "to heal, start again";
        };
    }

    private static String plan(AttachedStage stage, Deed deed, Victim victim) {
        FaultPort port = stage.faults();
        try {
            return port.plan(deed, victim);
        } catch (IOException | UnsupportedOperationException e) {
            return "cannot be done: " + e.getMessage();
        }
    }

    private static List<Deed> deeds(Fault fault) {
        return switch (fault) {
            case Fault.Kill(Part part) ->
                    part == Part.WORKER ? List.of(Deed.KILL) : List.of(Deed.KILL, Deed.START);
            case Fault.Pause _, Fault.Starve _ -> List.of(Deed.PAUSE, Deed.RESUME);
            case Fault.Terminate _ -> List.of(Deed.TERMINATE, Deed.START);
            case Fault.CrashLoop _ -> List.of(Deed.KILL, Deed.START);
            case Fault.Link _,
                    Fault.ExpireSession _,
                    Fault.FillDisk _,
                    Fault.FlipBit _,
                    Fault.Words _,
                    Fault.Abort _,
                    Fault.LimitMemory _,
                    Fault.Usurp _,
                    Fault.CancelJob _ ->
                    List.of();
        };
    }
}
