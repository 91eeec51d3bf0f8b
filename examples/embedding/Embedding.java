import io.coxswain.coordinator.Coordinator;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;

/**
 * A coordinator in a program of yours. Arguments: ZooKeeper's host:port, and the data file as the
 * agents see it.
 */
public class Embedding {
    public static void main(String[] args) throws Exception {
        String runtime =
                "{\"kind\": \"reference\", \"model\": {\"kind\": \"mlp\", \"layers\": [64, 32,"
                        + " 10]}}";
        var job =
                new JobSpec(
                        "",
                        "digits",
                        new Mesh(1, 1),
                        20,
                        1,
                        args[1],
                        64,
                        8,
                        0,
                        1,
                        15,
                        0,
                        "runtime",
                        "agent",
                        "reference",
                        runtime);

        try (var coordinator = Coordinator.builder().zookeeper(args[0]).build().start()) {
            coordinator.listen(heard -> {
                switch (heard
                        .event()) { // sealed: leave the default out, and the compiler names the
                    // events you forgot
                    case CoordinatorEvent.StepsCompleted steps ->
                            System.out.println("step " + steps.step() + ", loss " + steps.loss());
                    case CoordinatorEvent.CapacityNeeded needed ->
                            System.out.println("please start " + needed.slots() + " more agents");
                    case CoordinatorEvent.IncidentClosed closed ->
                            System.out.println("recovered: " + closed.incident().cause());
                    default -> {}
                }
            });
            switch (coordinator.submit(job).get()) {
                case SubmitOutcome.Accepted(String id) ->
                        System.out.println(coordinator.result(id).get().toJson());
                case SubmitOutcome.Queued(String id, int position) ->
                        System.out.println(id + " waits at position " + position);
                case SubmitOutcome.Refused(String reason) ->
                        System.out.println("refused: " + reason);
            }
        }
    }
}
