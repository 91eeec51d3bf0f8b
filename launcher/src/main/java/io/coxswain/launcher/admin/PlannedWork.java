package io.coxswain.launcher.admin;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.AgentMaintenance;
import io.coxswain.proto.admin.v1.HealthReport;
import io.coxswain.proto.admin.v1.MaintenanceRequest;
import io.coxswain.proto.admin.v1.MaintenanceResponse;
import io.coxswain.proto.admin.v1.StatusResponse;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Takes agents out of service and puts them back. */
public final class PlannedWork {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(250);
    private static final String DRAINED = "drained";
    private static final String IN_SERVICE = "in_service";

    /** What is said of an agent. */
    public enum Verb {
        DRAIN,
        CORDON,
        UNCORDON,
        FAILING,
        OK
    }

    /**
     * One word.
     *
     * @param absent also of an agent that was never seen
     */
    public record Word(Verb verb, String agent, String reason, boolean absent) {}

    /**
     * How to answer.
     *
     * @param waits until the agent is drained
     * @param limit for how long; null: until it is
     * @param json the agent's state in the end as JSON, instead of words
     */
    public record Manner(boolean waits, @Nullable Duration limit, boolean json) {}

    private PlannedWork() {}

    /**
     * Says it, until a leader answers, and waits if that is wanted.
     *
     * @return the exit code
     * @throws EnvironmentException if nobody leads for half a minute
     */
    public static int run(
            AdminClient.Address address, Word word, Manner manner, PrintStream out, PrintStream err)
            throws EnvironmentException, InterruptedException {
        Function<AdminGrpc.AdminBlockingStub, MaintenanceResponse> call = call(word);
        MaintenanceResponse answer =
                LeaderCalls.untilLed(
                        address,
                        client -> {
                            MaintenanceResponse said = client.maintain(call);
                            return said.getAccepted()
                                            || LeaderCalls.named(address)
                                            || client.leads()
                                    ? said
                                    : null;
                        });
        if (!answer.getAccepted()) {
            err.println("coxswain: " + answer.getReason());
            return ExitCode.FAILED;
        }
        AgentMaintenance agent = answer.getAgent();
        if (!manner.json()) {
            out.println(text(agent));
        }
        if (manner.waits() && !agent.getState().equals(DRAINED)) {
            AgentMaintenance end = await(address, agent, manner, out, err);
            if (end == null) {
                return ExitCode.FAILED;
            }
            agent = end;
        }
        if (manner.json()) {
            ObjectNode node = JSON.createObjectNode();
            put(agent, node);
            out.println(JSON.writeValueAsString(node));
        }
        return ExitCode.COMPLETED;
    }

    private static Function<AdminGrpc.AdminBlockingStub, MaintenanceResponse> call(Word word) {
        var request =
                MaintenanceRequest.newBuilder()
                        .setAgentId(word.agent())
                        .setReason(word.reason())
                        .setAbsent(word.absent())
                        .build();
        return switch (word.verb()) {
            case DRAIN -> stub -> stub.drain(request);
            case CORDON -> stub -> stub.cordon(request);
            case UNCORDON -> stub -> stub.uncordon(request);
            case FAILING ->
                    stub -> stub.reportHealth(health(word, HealthReport.State.STATE_FAILING));
            case OK -> stub -> stub.reportHealth(health(word, HealthReport.State.STATE_OK));
        };
    }

    private static HealthReport health(Word word, HealthReport.State state) {
        return HealthReport.newBuilder()
                .setAgentId(word.agent())
                .setState(state)
                .setReason(word.reason())
                .setAbsent(word.absent())
                .build();
    }

    /** Null: it is not drained, and the reason was told. */
    private static @Nullable AgentMaintenance await(
            AdminClient.Address address,
            AgentMaintenance first,
            Manner manner,
            PrintStream out,
            PrintStream err)
            throws EnvironmentException, InterruptedException {
        String id = first.getAgentId();
        long began = System.nanoTime();
        Duration limit = manner.limit();
        long limitNanos = limit == null ? Long.MAX_VALUE : limit.toNanos();
        AgentMaintenance last = first;
        var patience = new Patience(err);
        while (System.nanoTime() - began < limitNanos) {
            Thread.sleep(BETWEEN_LOOKS);
            @Nullable AgentMaintenance now;
            try (AdminClient client = AdminClient.connect(address)) {
                StatusResponse status = client.status("");
                if (status.getTerm() == 0) {
                    throw new EnvironmentException(
                            "coordinator " + status.getCoordinatorId() + " does not lead");
                }
                patience.answered();
                now =
                        status.getMaintenanceList().stream()
                                .filter(agent -> agent.getAgentId().equals(id))
                                .findFirst()
                                .orElse(null);
            } catch (EnvironmentException e) {
                // The leader may be changing; whoever leads next goes on with it.
                patience.unanswered(e);
                continue;
            }
            if (now == null || now.getState().equals("cordoned")) {
                err.println("coxswain: agent " + id + " is not drained: that was taken back");
                return null;
            }
            if (!manner.json() && !text(now).equals(text(last))) {
                out.println(text(now));
            }
            last = now;
            if (now.getState().equals(DRAINED)) {
                return now;
            }
        }
        err.println(
                "coxswain: after "
                        + TimeUnit.NANOSECONDS.toSeconds(limitNanos)
                        + " s agent "
                        + id
                        + " is not drained yet: "
                        + last.getDetail()
                        + ". It goes on; --undo takes it back");
        return null;
    }

    /** One line. */
    static String text(AgentMaintenance agent) {
        if (agent.getState().equals(IN_SERVICE)) {
            return "agent "
                    + agent.getAgentId()
                    + (agent.getAttached()
                            ? " serves"
                            : " is not attached; nothing keeps it out of service");
        }
        return "agent "
                + agent.getAgentId()
                + (agent.getRank() < 0 ? "" : " of rank " + agent.getRank())
                + " is "
                + agent.getState()
                + " ("
                + agent.getReason()
                + ")"
                + (agent.getDetail().isEmpty() ? "" : ": " + agent.getDetail());
    }

    /** The same as JSON. */
    static void put(AgentMaintenance agent, ObjectNode node) {
        node.put("agent", agent.getAgentId());
        node.put("state", agent.getState());
        ArrayNode causes = node.putArray("causes");
        agent.getCausesList().forEach(causes::add);
        node.put("reason", agent.getReason());
        node.put("detail", agent.getDetail());
        node.put("attached", agent.getAttached());
        node.put("rank", agent.getRank() < 0 ? null : agent.getRank());
    }
}
