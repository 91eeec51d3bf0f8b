package io.coxswain.agent.worker;

import io.coxswain.proto.bridge.v1.ViewServiceAnswer;
import io.coxswain.proto.bridge.v1.ViewServiceRequest;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The processes beside a job's worker that serve its view, such as JAX's coordination service: the
 * worker asks for them, this agent starts, watches and ends them, and they outlive the worker. When
 * their view is over they are left alone for a moment, because agents hear of its end one after
 * another, and a process whose service goes would die of that. Thread-safe; nothing waits for a
 * process but {@link #close}.
 */
public final class ViewServices implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ViewServices.class);

    /** Of one view. */
    private static final int MOST = 4;

    private static final int MOST_WAITING = 64;
    private static final int MOST_ARGUMENTS = 64;
    private static final int MOST_BYTES = 16 << 10;
    private static final int MOST_NAME = 32;

    /**
     * How long things may take.
     *
     * @param start from a process's start until it says where it serves
     * @param after how long it serves on after the end of its view
     */
    public record Limits(Duration start, Duration after) {
        /** Imports from a slow disk take their time; an order takes milliseconds. */
        public static final Limits DEFAULT =
                new Limits(Duration.ofSeconds(60), Duration.ofSeconds(5));
    }

    /** Hears of one that ended by itself while its view went on. */
    public interface Failures {
        void failed(String name, String cause);
    }

    private final WorkerCommand command;
    private final Limits limits;
    private final PrintSink log;
    private final Failures failures;
    private final Map<String, Served> current = new LinkedHashMap<>();
    private final List<ViewService> leaving = new ArrayList<>();
    private long epoch = -1;

    /** Unsigned; epochs below it are over. */
    private long below;

    private boolean closed;

    /** One of the current view. Guarded by the services. */
    private final class Served implements ViewService.Events {
        final String name;
        final ViewService service;
        final List<Waiting> waiting = new ArrayList<>();
        @Nullable String address;

        Served(String name) {
            this.name = name;
            this.service =
                    new ViewService(
                            name + "-" + Long.toUnsignedString(epoch),
                            new MemberLines(name, log),
                            this);
        }

        @Override
        public void serves(String where) {
            List<Waiting> told;
            synchronized (ViewServices.this) {
                address = where;
                told = take();
            }
            told.forEach(one -> one.reply.accept(one.answer().setAddress(where).build()));
        }

        @Override
        public void gone(String cause, boolean asked) {
            List<Waiting> told;
            synchronized (ViewServices.this) {
                leaving.remove(service);
                told = take();
                current.remove(name, this);
            }
            told.forEach(one -> one.reply.accept(one.refused("not_started", name + " " + cause)));
            if (!asked) {
                LOG.warn("the view's service {} {}", name, cause);
                failures.failed(name, cause);
            }
        }

        private List<Waiting> take() {
            List<Waiting> all = List.copyOf(waiting);
            waiting.clear();
            return all;
        }
    }

    /** Who waits for an answer. */
    private record Waiting(long id, Consumer<ViewServiceAnswer> reply) {
        ViewServiceAnswer.Builder answer() {
            return ViewServiceAnswer.newBuilder().setId(id);
        }

        ViewServiceAnswer refused(String code, String message) {
            return answer().setCode(code).setMessage(message).build();
        }
    }

    /**
     * @param command the worker's: environment and folder are its
     * @param log takes what they print, behind their names
     */
    public ViewServices(WorkerCommand command, Limits limits, PrintSink log, Failures failures) {
        this.command = command;
        this.limits = limits;
        this.log = log;
        this.failures = failures;
    }

    /** The worker takes a rank of this view: what it asks for is for this one. */
    public synchronized void view(long number) {
        if (number != epoch) {
            retire();
            epoch = number;
        }
    }

    /** Views below this one are over. */
    public synchronized void over(long belowEpoch) {
        if (Long.compareUnsigned(belowEpoch, below) > 0) {
            below = belowEpoch;
        }
        if (epoch >= 0 && Long.compareUnsigned(epoch, below) < 0) {
            retire();
        }
    }

    /** The view is over, whether its end was told yet or not: the worker goes. */
    public synchronized void leave() {
        retire();
    }

    private void retire() {
        if (current.isEmpty()) {
            return;
        }
        // Those of the view before have had their time.
        for (ViewService old : List.copyOf(leaving)) {
            old.endNow("its view is over");
        }
        for (Served served : List.copyOf(current.values())) {
            ViewService service = served.service;
            service.unneeded();
            leaving.add(service);
            Thread.ofVirtual()
                    .name("view-service-end")
                    .start(() -> service.endAfter(limits.after().toNanos(), "its view is over"));
        }
        current.clear();
    }

    /**
     * A process of the worker wants one.
     *
     * @param reply gets the answer, once, at once or from another thread
     */
    public void asked(ViewServiceRequest request, Consumer<ViewServiceAnswer> reply) {
        var waiting = new Waiting(request.getId(), reply);
        ViewServiceAnswer answer;
        synchronized (this) {
            answer = answer(request, waiting);
        }
        if (answer != null) {
            reply.accept(answer);
        }
    }

    /** Null if it comes later. */
    private @Nullable ViewServiceAnswer answer(ViewServiceRequest request, Waiting waiting) {
        if (closed || Long.compareUnsigned(request.getEpoch(), below) < 0) {
            return waiting.refused("epoch_over", "epoch " + request.getEpoch() + " has ended");
        }
        String complaint = complaint(request);
        if (complaint != null) {
            return waiting.refused("bad_request", complaint);
        }
        String name = request.getName();
        Served served = current.get(name);
        if (served == null) {
            served = new Served(name);
            current.put(name, served);
            served.waiting.add(waiting);
            start(served.service, request.getCommandList());
            return null;
        }
        String address = served.address;
        if (address != null) {
            return waiting.answer().setAddress(address).build();
        }
        if (served.waiting.size() >= MOST_WAITING) {
            return waiting.refused(
                    "bad_request",
                    "%d requests for this service wait already".formatted(MOST_WAITING));
        }
        served.waiting.add(waiting);
        return null;
    }

    private void start(ViewService service, List<String> arguments) {
        service.launch(arguments, command.environment(), command.folder());
        Thread.ofVirtual()
                .name("view-service-start")
                .start(() -> {
                    try {
                        service.requireSettled(limits.start().toNanos());
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    private @Nullable String complaint(ViewServiceRequest request) {
        String name = request.getName();
        List<String> arguments = request.getCommandList();
        if (request.getEpoch() != epoch) {
            return "this worker was not told to prepare a view of epoch "
                    + Long.toUnsignedString(request.getEpoch());
        }
        if (!name.matches("[a-z0-9-]{1," + MOST_NAME + "}")) {
            return "a service's name is 1 to %d of a-z, 0-9 and '-'".formatted(MOST_NAME);
        }
        long bytes =
                request.getCommandList().asByteStringList().stream().mapToLong(b -> b.size()).sum();
        if (arguments.isEmpty() || arguments.getFirst().isEmpty()) {
            return "a service needs a command";
        }
        if (arguments.size() > MOST_ARGUMENTS || bytes > MOST_BYTES) {
            return "a service's command has %d arguments of %d bytes; the most are %d of %d"
                    .formatted(arguments.size(), bytes, MOST_ARGUMENTS, MOST_BYTES);
        }
        if (arguments.stream().anyMatch(one -> one.indexOf('\0') >= 0)) {
            return "a service's command has a NUL character";
        }
        if (!current.containsKey(name) && current.size() >= MOST) {
            return "a view has %d services at most".formatted(MOST);
        }
        return null;
    }

    /** The processes that run. */
    synchronized List<Long> pids() {
        var all = new ArrayList<ViewService>(leaving);
        current.values().forEach(served -> all.add(served.service));
        return all.stream().map(ViewService::pid).filter(pid -> pid != 0).toList();
    }

    /** Ends them at once and waits until they are gone. */
    @Override
    public void close() {
        List<ViewService> all;
        synchronized (this) {
            closed = true;
            all = new ArrayList<>(leaving);
            current.values().forEach(served -> all.add(served.service));
            current.clear();
        }
        all.forEach(service -> service.endNow("the agent needs it no more"));
        all.forEach(ViewService::awaitGone);
    }
}
