package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.security.Identity;
import io.coxswain.security.PlaneSecurity;
import io.coxswain.security.Role;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

import javax.net.ssl.SSLSession;

/**
 * Lets a call through if the caller's certificate has a role that may make it. Denies by default: a
 * connection without a certificate, a certificate without a role, a method without a rule.
 */
final class RoleInterceptor implements ServerInterceptor {
    /** Who calls; absent where there is no TLS. */
    static final Context.Key<Identity> CALLER = Context.key("coxswain-caller");

    private static final Logger LOG = LoggerFactory.getLogger(RoleInterceptor.class);
    private static final long QUIET_NANOS = 1_000_000_000L;

    private final AtomicLong refused = new AtomicLong();
    private final AtomicLong warnedNanos = new AtomicLong(System.nanoTime() - QUIET_NANOS);

    /** Calls that were not let through. */
    long refused() {
        return refused.get();
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String method = call.getMethodDescriptor().getFullMethodName();
        Identity caller;
        try {
            caller = caller(call);
        } catch (IOException unknown) {
            return refuse(call, Status.UNAUTHENTICATED, String.valueOf(unknown.getMessage()));
        }
        Set<Role> callers = MethodRules.callers(method);
        if (!callers.contains(caller.role())) {
            return refuse(
                    call,
                    Status.PERMISSION_DENIED,
                    caller
                            + " may not call "
                            + method
                            + (callers.isEmpty()
                                    ? ": nobody may"
                                    : "; it takes a certificate of "
                                            + callers.stream()
                                                    .map(Role::word)
                                                    .sorted()
                                                    .collect(Collectors.joining(" or "))));
        }
        return Contexts.interceptCall(
                Context.current().withValue(CALLER, caller), call, headers, next);
    }

    private <Q, A> ServerCall.Listener<Q> refuse(
            ServerCall<Q, A> call, Status status, String reason) {
        long count = refused.incrementAndGet();
        // Whoever has a certificate could fill the log: the counter has the rest.
        long now = System.nanoTime();
        long last = warnedNanos.get();
        if (now - last >= QUIET_NANOS && warnedNanos.compareAndSet(last, now)) {
            LOG.warn(
                    "refused a call from {}: {} (refused in all: {})",
                    call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR),
                    reason,
                    count);
        }
        call.close(status.withDescription(reason), new Metadata());
        return new ServerCall.Listener<>() {};
    }

    private static Identity caller(ServerCall<?, ?> call) throws IOException {
        SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        if (session == null) {
            throw new IOException("this connection has no TLS");
        }
        return PlaneSecurity.peer(session);
    }
}
