package io.coxswain.coordinator.adapter.grpc;

import io.coxswain.security.ConnectionGate;
import io.coxswain.security.Refusal;
import io.coxswain.security.Refusals;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Bounds the calls under way, in all and of one host; one more is answered RESOURCE_EXHAUSTED. Who
 * calls is no stranger to the gate any more. Thread-safe.
 */
final class CallLimits implements ServerInterceptor {
    private final ControlLimits limits;
    private final ConnectionGate gate;
    private final Refusals refusals;
    private final Map<InetAddress, Integer> hosts = new HashMap<>();
    private int underWay;

    CallLimits(ControlLimits limits, ConnectionGate gate, Refusals refusals) {
        this.limits = limits;
        this.gate = gate;
        this.refusals = refusals;
    }

    synchronized int underWay() {
        return underWay;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        SocketAddress remote = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        InetAddress host = remote instanceof InetSocketAddress at ? at.getAddress() : null;
        if (!enter(host)) {
            refusals.count(Refusal.CALLS);
            call.close(
                    Status.RESOURCE_EXHAUSTED.withDescription(
                            "too many calls are under way: at most "
                                    + limits.calls()
                                    + ", "
                                    + limits.callsOfOneHost()
                                    + " of one host; end some, or try again later"),
                    new Metadata());
            return new ServerCall.Listener<>() {};
        }
        gate.known(remote);
        var over = new AtomicBoolean();
        Runnable leave =
                () -> {
                    if (over.compareAndSet(false, true)) {
                        left(host);
                    }
                };
        ServerCall.Listener<Q> listener;
        try {
            listener = next.startCall(call, headers);
        } catch (RuntimeException broken) {
            leave.run();
            throw broken;
        }
        return new Counted<>(listener, leave);
    }

    private synchronized boolean enter(@Nullable InetAddress host) {
        if (underWay >= limits.calls()
                || (host != null
                        && limits.connections().bounds(host)
                        && hosts.getOrDefault(host, 0) >= limits.callsOfOneHost())) {
            return false;
        }
        underWay++;
        if (host != null) {
            hosts.merge(host, 1, Integer::sum);
        }
        return true;
    }

    private synchronized void left(@Nullable InetAddress host) {
        underWay--;
        if (host != null) {
            hosts.computeIfPresent(host, (_, count) -> count == 1 ? null : count - 1);
        }
    }

    /** A call ends with one of these two, whatever becomes of it. */
    private static final class Counted<Q>
            extends ForwardingServerCallListener.SimpleForwardingServerCallListener<Q> {
        private final Runnable leave;

        Counted(ServerCall.Listener<Q> listener, Runnable leave) {
            super(listener);
            this.leave = leave;
        }

        @Override
        public void onComplete() {
            leave.run();
            super.onComplete();
        }

        @Override
        public void onCancel() {
            leave.run();
            super.onCancel();
        }
    }
}
