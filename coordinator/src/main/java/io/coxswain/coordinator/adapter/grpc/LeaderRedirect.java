package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.proto.admin.v1.AdminGrpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

import java.util.Set;
import java.util.function.Supplier;

/**
 * Sends whoever wants something of the leader to it. A hint, since who leads may change in between:
 * the leader itself refuses what it may not do.
 */
public final class LeaderRedirect implements ServerInterceptor {
    /** Where the leader is, {@code host:port}: a trailer of calls that only it can answer. */
    public static final Metadata.Key<String> LEADER =
            Metadata.Key.of("coxswain-leader", Metadata.ASCII_STRING_MARSHALLER);

    // Each answers these of itself.
    private static final Set<String> OWN =
            Set.of(
                    AdminGrpc.getStatusMethod().getFullMethodName(),
                    AdminGrpc.getEventsMethod().getFullMethodName());

    private final Supplier<String> elsewhere;

    /**
     * @param elsewhere {@code host:port} of another coordinator that leads; empty: none is known
     */
    LeaderRedirect(Supplier<String> elsewhere) {
        this.elsewhere = elsewhere;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String method = call.getMethodDescriptor().getFullMethodName();
        boolean admin = AdminGrpc.SERVICE_NAME.equals(call.getMethodDescriptor().getServiceName());
        String leader = admin && !OWN.contains(method) ? elsewhere.get() : "";
        if (leader.isEmpty()) {
            return next.startCall(call, headers);
        }
        var trailers = new Metadata();
        trailers.put(LEADER, leader);
        call.close(
                Status.FAILED_PRECONDITION.withDescription(
                        "this coordinator does not lead: ask the one at " + leader),
                trailers);
        return new ServerCall.Listener<>() {};
    }
}
