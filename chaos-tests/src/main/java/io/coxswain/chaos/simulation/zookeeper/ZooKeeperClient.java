package io.coxswain.chaos.simulation.zookeeper;

import io.coxswain.chaos.simulation.kernel.Kernel;
import io.coxswain.chaos.simulation.network.Connection;
import io.coxswain.chaos.simulation.network.Plane;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A process's client: pings, notices a silent server after two thirds of the session time, and asks
 * for a new session when the old one turns out to be over. Requests that were under way when the
 * connection broke end as unknown: they may have landed.
 */
public final class ZooKeeperClient {
    private static final long WAKING_NANOS = 50_000_000L;

    /** How the connection stands. */
    public enum State {
        CONNECTED,
        SUSPENDED
    }

    /** What became of a request. */
    public sealed interface Reply<T> {
        record Done<T>(T value) implements Reply<T> {}

        record Denied<T>(Tree.Code code) implements Reply<T> {}

        /** It may have landed or not. */
        record Unknown<T>() implements Reply<T> {}
    }

    /** A request, done at the server in one go. */
    @FunctionalInterface
    public interface Request<T> {
        T run(Tree tree) throws Tree.Refused;
    }

    /** What the owner is told; on the owner's process only. */
    public interface Owner {
        /** Whether the process runs: it is neither dead nor stopped. */
        boolean runs();

        /** Runs the task on the process, now or when it runs again; never when it is dead. */
        void deliver(Kernel.Task task);

        /**
         * {@code newSession}: the former one is over, its ephemeral nodes are gone and its watches
         * with them.
         */
        void connection(State state, boolean newSession);
    }

    private record Watch(String prefix, Consumer<Change> watcher) {}

    /** A node changed; null: it is gone. */
    public record Change(String path, Tree.@Nullable Node now) {}

    private static final class Pending {
        private final Kernel.Task lost;

        Pending(Kernel.Task lost) {
            this.lost = lost;
        }
    }

    private final SimZooKeeper server;
    private final Kernel kernel;
    private final int host;
    private final Owner owner;
    private final List<Watch> watches = new ArrayList<>();
    private final List<Pending> pending = new ArrayList<>();
    private Connection connection;
    private State state = State.CONNECTED;
    private long session;
    private long heardNanos;
    private long newsNanos;
    private boolean closed;

    public ZooKeeperClient(SimZooKeeper server, int host, Owner owner) {
        this.server = server;
        this.kernel = server.network().kernel();
        this.host = host;
        this.owner = owner;
        this.connection = server.network().open(host, server.host(), Plane.STORE);
        this.connection.onReset(this::connectionBroke);
        this.session = server.openSession();
        this.heardNanos = kernel.now();
        server.register(this);
        ping();
    }

    public long session() {
        return session;
    }

    public State state() {
        return state;
    }

    /** Watches that are set. */
    public int watches() {
        return watches.size();
    }

    private boolean reaches() {
        return !server.isDown()
                && server.network().passes(host, server.host(), Plane.STORE)
                && server.network().passes(server.host(), host, Plane.STORE);
    }

    private void ping() {
        if (closed) {
            return;
        }
        if (owner.runs()) {
            if (reaches()) {
                heardNanos = kernel.now();
                boolean known = server.heard(session);
                if (!known) {
                    session = server.openSession();
                }
                if (!known || state == State.SUSPENDED) {
                    if (state == State.CONNECTED) {
                        connectionBroke();
                    }
                    connection.close();
                    connection = server.network().open(host, server.host(), Plane.STORE);
                    connection.onReset(this::connectionBroke);
                    state = State.CONNECTED;
                    tell(State.CONNECTED, !known);
                }
            } else if (kernel.now() - heardNanos >= server.sessionNanos() * 2 / 3) {
                connectionBroke();
            }
        }
        long next = state == State.SUSPENDED ? 200_000_000L : server.sessionNanos() / 3;
        if (!owner.runs() && server.network().isLossy()) {
            // Who wakes up sees soon that its time is over.
            next = WAKING_NANOS;
        }
        kernel.after(next, "ping", this::ping);
    }

    private void tell(State news, boolean newSession) {
        inOrder(() -> owner.connection(news, newSession));
    }

    // News come in order on a thread of their own, which may be late: requests that the owner makes
    // before it is told may already go out in the new session.
    private void inOrder(Kernel.Task told) {
        long now = kernel.now();
        newsNanos = Math.max(newsNanos, now + server.network().holdUp());
        if (newsNanos == now) {
            owner.deliver(told);
        } else {
            kernel.at(newsNanos, "store-news", () -> owner.deliver(told));
        }
    }

    void connectionBroke() {
        if (closed || state == State.SUSPENDED) {
            return;
        }
        state = State.SUSPENDED;
        connection.close();
        tell(State.SUSPENDED, false);
        List<Pending> lost = List.copyOf(pending);
        pending.clear();
        for (Pending request : lost) {
            request.lost.run();
        }
    }

    /** Asks the server; the answer comes on the owner's process, exactly once if that lives. */
    public <T> void ask(String label, Request<T> request, Consumer<Reply<T>> answer) {
        if (closed) {
            return;
        }
        if (state == State.SUSPENDED) {
            kernel.after(
                    1_000_000,
                    label,
                    () -> owner.deliver(() -> answer.accept(new Reply.Unknown<>())));
            return;
        }
        Connection used = connection;
        long asked = session;
        var under = new Pending(() -> owner.deliver(() -> answer.accept(new Reply.Unknown<>())));
        pending.add(under);
        used.send(
                host,
                label,
                () -> {
                    if (server.isDown()) {
                        if (pending.remove(under)) {
                            under.lost.run();
                        }
                        return;
                    }
                    if (!server.knows(asked)) {
                        // The session is over; the client has yet to notice.
                        used.send(
                                server.host(),
                                label,
                                () -> {
                                    if (pending.remove(under)) {
                                        under.lost.run();
                                    }
                                });
                        return;
                    }
                    Reply<T> reply;
                    try {
                        reply = new Reply.Done<>(request.run(server.tree()));
                    } catch (Tree.Refused refused) {
                        reply = new Reply.Denied<>(refused.code());
                    }
                    Reply<T> told = reply;
                    used.send(
                            server.host(),
                            label,
                            () -> {
                                if (pending.remove(under)) {
                                    owner.deliver(() -> answer.accept(told));
                                }
                            });
                });
    }

    /** Tells of changes of nodes whose path begins so, as long as the connection stands. */
    public void watch(String prefix, Consumer<Change> watcher) {
        watches.add(new Watch(prefix, watcher));
    }

    public void unwatch(Predicate<String> prefixes) {
        watches.removeIf(watch -> prefixes.test(watch.prefix()));
    }

    void notifyChange(String path, Tree.@Nullable Node now) {
        // Where packets are sent again a cut only delays what is told, unless the connection ends.
        if (closed || state == State.SUSPENDED) {
            return;
        }
        boolean lost = !reaches() && !server.network().isLossy();
        for (Watch watch : List.copyOf(watches)) {
            if (path.startsWith(watch.prefix())) {
                if (lost) {
                    // A connection never goes on after news that it lost: the owner reads again.
                    connectionBroke();
                    return;
                }
                connection.send(
                        server.host(),
                        "watch",
                        () -> inOrder(() -> watch.watcher().accept(new Change(path, now))));
            }
        }
    }

    /** The process is dead: the server notices when the session's time is over. */
    public void abandon() {
        if (!closed) {
            closed = true;
            connection.close();
            pending.clear();
            server.unregister(this);
        }
    }

    /** The process says goodbye. */
    public void close() {
        if (!closed) {
            abandon();
            server.closeSession(session);
        }
    }
}
