package io.coxswain.chaos.words;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall;
import io.grpc.ForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Doubles, reorders and delays the messages of every call in both directions while disturbances are
 * on. The first message that goes out opens the stream and passes as it is, as HTTP/2 would have
 * it. Thread-safe.
 */
final class WordsInterceptor implements ClientInterceptor {
    private final Supplier<List<Disturbance>> disturbances;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("late-words").factory());

    /**
     * @param disturbances those that are on
     */
    WordsInterceptor(Supplier<List<Disturbance>> disturbances) {
        this.disturbances = disturbances;
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
            MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new DisturbedCall<>(next.newCall(method, options));
    }

    /** Wakes a queue when its next word is due. Guarded by the queue's lock. */
    private final class Alarm {
        private final Runnable wake;
        private long setFor = Long.MAX_VALUE;

        Alarm(Runnable wake) {
            this.wake = wake;
        }

        void set(long dueNanos) {
            if (dueNanos >= setFor) {
                return;
            }
            setFor = dueNanos;
            var _ =
                    timer.schedule(
                            wake, Math.max(0, dueNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
        }

        void rung() {
            setFor = Long.MAX_VALUE;
        }
    }

    /** Its lock is that of what goes out; nothing is called back under it. */
    private final class DisturbedCall<Q, A>
            extends ForwardingClientCall.SimpleForwardingClientCall<Q, A> {
        private final WordQueue<Q> out = new WordQueue<>();
        private final Alarm alarm = new Alarm(this::wake);
        private boolean opened;
        private boolean ended;

        DisturbedCall(ClientCall<Q, A> call) {
            super(call);
        }

        @Override
        public void start(Listener<A> listener, Metadata headers) {
            super.start(new DisturbedListener<>(listener, this), headers);
        }

        @Override
        public synchronized void sendMessage(Q message) {
            if (!opened) {
                opened = true;
                super.sendMessage(message);
                return;
            }
            out.add(message, disturbances.get(), System.nanoTime());
            pump();
        }

        private synchronized void wake() {
            alarm.rung();
            pump();
        }

        private synchronized void pump() {
            if (!ended) {
                out.take(System.nanoTime()).forEach(super::sendMessage);
                alarm.set(out.nextNanos());
            }
        }

        @Override
        public synchronized void halfClose() {
            if (!ended) {
                out.takeAll().forEach(super::sendMessage);
                ended = true;
            }
            super.halfClose();
        }

        @Override
        public void cancel(@Nullable String message, @Nullable Throwable cause) {
            synchronized (this) {
                ended = true;
            }
            super.cancel(message, cause);
        }
    }

    /** Its lock is held while the agent is told something, so that it is told one at a time. */
    private final class DisturbedListener<A>
            extends ForwardingClientCallListener.SimpleForwardingClientCallListener<A> {
        private final WordQueue<A> in = new WordQueue<>();
        private final Alarm alarm = new Alarm(this::wake);
        private final ClientCall<?, A> call;
        private boolean ended;

        DisturbedListener(ClientCall.Listener<A> listener, ClientCall<?, A> call) {
            super(listener);
            this.call = call;
        }

        @Override
        public void onMessage(A message) {
            synchronized (this) {
                in.add(message, disturbances.get(), System.nanoTime());
            }
            // Who is told a word asks for the next; one that is kept back must not stop the others.
            call.request(1);
            pump();
        }

        private synchronized void wake() {
            alarm.rung();
            pump();
        }

        private synchronized void pump() {
            if (!ended) {
                in.take(System.nanoTime()).forEach(super::onMessage);
                alarm.set(in.nextNanos());
            }
        }

        @Override
        public synchronized void onClose(Status status, Metadata trailers) {
            if (!ended) {
                in.takeAll().forEach(super::onMessage);
                ended = true;
            }
            super.onClose(status, trailers);
        }
    }
}
