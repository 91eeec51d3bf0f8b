package io.coxswain.agent.worker;

import io.coxswain.proto.bridge.v1.Abort;
import io.coxswain.proto.bridge.v1.FromWorker;
import io.coxswain.proto.bridge.v1.Hello;
import io.coxswain.proto.bridge.v1.KeyValueRequest;
import io.coxswain.proto.bridge.v1.Pong;
import io.coxswain.proto.bridge.v1.ToWorker;
import io.coxswain.proto.bridge.v1.ToWorkerSide;
import io.coxswain.proto.bridge.v1.ViewServiceRequest;
import io.coxswain.proto.control.v1.EvidencePiece;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One generation of the worker: a process, or several that come, step and go as one. Where one of
 * them ends all are ended, and the first one's end is told as the worker's. A worker is there when
 * all of them are, and answers a ping when all of them have.
 */
final class WorkerGroup {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerGroup.class);

    /** Whose pong is older than the newest by this much stands out among the processes. */
    private static final long SILENT_NANOS = 1_000_000_000L;

    /** Makes the processes of a generation. */
    interface Maker {
        Member make(int local, String name, PrintedLines printed, Member.Listener listener);
    }

    private final long generation;
    private final LogShelf logs;
    private final WorkerLog log;
    private final WorkerSupervisor.Listener listener;
    private final List<Member> members = new ArrayList<>();

    // Guarded by this: whether somebody waits for it, what its processes said, how many are gone.
    private final @Nullable Hello[] said;
    private final boolean[] ponged;
    private final long[] pongedNanos;
    private final @Nullable Pong[] pongs;
    private final @Nullable WorkerExit[] exits;
    private boolean wanted;
    private boolean ready;

    /** Why all of them are ended at once; null while they go by themselves. */
    private @Nullable String taken;

    private int ended;
    private @Nullable WorkerExit first;

    /** The processes' words, by the local rank of who says them. */
    private final class Voices implements Member.Listener {
        @Override
        public void ready(int local, Hello hello) {
            List<Hello> all;
            boolean told;
            synchronized (WorkerGroup.this) {
                said[local] = hello;
                pongedNanos[local] = System.nanoTime();
                ready = ended == 0 && Arrays.stream(said).allMatch(one -> one != null);
                if (!ready) {
                    return;
                }
                told = wanted;
                all = hellos();
            }
            members.forEach(Member::complete);
            if (!told) {
                return;
            }
            listener.ready(generation, all);
        }

        @Override
        public void message(int local, FromWorker message) {
            listener.message(generation, local, message);
        }

        @Override
        public void pong(int local, Pong pong) {
            Pong slowest;
            synchronized (WorkerGroup.this) {
                pongedNanos[local] = System.nanoTime();
                ponged[local] = true;
                pongs[local] = pong;
                for (boolean one : ponged) {
                    if (!one) {
                        return;
                    }
                }
                Arrays.fill(ponged, false);
                if (!wanted) {
                    return;
                }
                slowest = slowest(pong);
            }
            listener.pong(generation, slowest);
        }

        @Override
        public void asked(int local, KeyValueRequest request) {
            listener.asked(generation, local, request);
        }

        @Override
        public void wants(int local, ViewServiceRequest request) {
            listener.wants(generation, local, request);
        }

        @Override
        public void evidence(int local, String reason, List<EvidencePiece> pieces) {
            synchronized (WorkerGroup.this) {
                // Who follows the first one into its end has nothing of its own to say.
                if (!wanted || ended > 0) {
                    return;
                }
            }
            tell(labelled(local, reason), named(local, pieces));
        }

        @Override
        public void unbearable(int local, String reason) {
            kill(labelled(local, reason), true);
        }

        @Override
        public boolean left(int local) {
            synchronized (WorkerGroup.this) {
                boolean early = !ready && ended == 0;
                if (early) {
                    said[local] = null;
                }
                return early;
            }
        }

        @Override
        public void waiting(int local) {
            listener.waiting(generation, missing());
        }

        @Override
        public void absent(int local, String reason) {
            listener.absent(generation, labelled(local, reason));
        }

        @Override
        public void exited(int local, WorkerExit exit) {
            boolean last;
            boolean told;
            WorkerExit cause;
            synchronized (WorkerGroup.this) {
                ended++;
                exits[local] = exit;
                if (first == null) {
                    first = single() ? exit : exit.of(who(local));
                }
                cause = taken == null ? first : together(taken);
                last = ended == members.size();
                told = wanted;
            }
            if (!last) {
                String reason = "the group ends with one of its processes: " + cause.describe();
                for (Member member : members) {
                    member.endNow(reason);
                }
                return;
            }
            log.close();
            if (told) {
                listener.exited(generation, cause);
            }
        }
    }

    /**
     * @param number by which its sockets are told apart from all others'
     */
    WorkerGroup(
            long generation,
            long number,
            int processes,
            Maker maker,
            LogShelf logs,
            WorkerSupervisor.Listener listener) {
        this.generation = generation;
        this.logs = logs;
        this.log = logs.make(generation);
        this.listener = listener;
        this.said = new @Nullable Hello[processes];
        this.ponged = new boolean[processes];
        this.pongedNanos = new long[processes];
        this.pongs = new @Nullable Pong[processes];
        this.exits = new @Nullable WorkerExit[processes];
        var voices = new Voices();
        for (int local = 0; local < processes; local++) {
            boolean alone = processes == 1;
            members.add(
                    maker.make(
                            local,
                            alone ? "" + number : number + "." + local,
                            alone ? log : new MemberLines(local, log),
                            voices));
        }
    }

    void launch() {
        members.forEach(Member::launch);
    }

    /**
     * From here on the listener hears of it; of what it said before, too.
     *
     * @return false if it has begun to end, of which nobody hears
     */
    boolean want() {
        List<Hello> all;
        synchronized (this) {
            if (ended > 0) {
                return false;
            }
            wanted = true;
            logs.add(generation, log);
            if (!ready) {
                return true;
            }
            all = hellos();
        }
        listener.ready(generation, all);
        return true;
    }

    /**
     * What they do together: where the one is that is least far, and which one, if others are not.
     */
    private Pong slowest(Pong newest) {
        Comparator<Pong> far =
                Comparator.comparingLong(Pong::getStep).thenComparingInt(Pong::getEntered);
        Pong last = Arrays.stream(pongs).flatMap(Stream::ofNullable).min(far).orElse(newest);
        if (Arrays.stream(pongs)
                .flatMap(Stream::ofNullable)
                .allMatch(one -> far.compare(one, last) == 0)) {
            return last;
        }
        int place = 0;
        while (!Objects.equals(pongs[place], last)) {
            place++;
        }
        String which = "local rank " + place + " of " + pongs.length;
        return last.toBuilder()
                .setPart(last.getPart().isEmpty() ? which : which + ": " + last.getPart())
                .build();
    }

    /** The local ranks that have not come. */
    private synchronized List<Integer> missing() {
        return IntStream.range(0, said.length)
                .filter(local -> said[local] == null)
                .boxed()
                .toList();
    }

    private List<Hello> hellos() {
        return Arrays.stream(said).flatMap(Stream::ofNullable).toList();
    }

    private boolean single() {
        return members.size() == 1;
    }

    private String who(int local) {
        return "local rank " + local + " of " + members.size();
    }

    private String labelled(int local, String reason) {
        return single() ? reason : who(local) + ": " + reason;
    }

    private List<EvidencePiece> named(int local, List<EvidencePiece> pieces) {
        return single()
                ? pieces
                : pieces.stream()
                        .map(piece ->
                                piece.getKind().equals("nccl")
                                        ? piece
                                        : piece.toBuilder()
                                                .setName("local-" + local + "." + piece.getName())
                                                .build())
                        .toList();
    }

    /** One of its processes is gone, so all will be. */
    synchronized boolean isEnding() {
        return ended > 0;
    }

    boolean gone() {
        return members.stream().allMatch(Member::gone);
    }

    void awaitGone() {
        members.forEach(Member::awaitGone);
    }

    /** Of each process, 0 for one that is not there. */
    List<Long> pids() {
        return members.stream().map(member -> member.gone() ? 0L : member.pid()).toList();
    }

    /** Takes what is printed beside its processes. */
    void print(byte[] bytes, int length) {
        log.write(bytes, length);
    }

    /** To all of them. */
    void send(ToWorker message) {
        members.forEach(member -> member.send(message));
    }

    void send(int local, ToWorker message) {
        members.get(local).send(message);
    }

    void abort(Abort abort) {
        members.forEach(member -> member.abort(abort));
    }

    void answer(int local, ToWorkerSide answer) {
        members.get(local).answer(answer);
    }

    /** Up the kill ladder; of one that hangs evidence is taken first. */
    void kill(String reason, boolean hung) {
        String whole = hung ? reason + silent() : reason;
        var claimed = new ArrayList<Integer>();
        for (int local = 0; local < members.size(); local++) {
            if (members.get(local).claim(whole)) {
                claimed.add(local);
            }
        }
        if (claimed.isEmpty()) {
            return;
        }
        takenDown(whole);
        // It reads files: not on a virtual thread, which would keep its carrier.
        Thread.ofPlatform()
                .name("worker-kill-" + generation)
                .daemon()
                .start(() -> {
                    if (hung) {
                        // Afterwards nobody can tell any more what it was doing.
                        tell(whole, evidence(claimed, member -> member.hung(whole)));
                    }
                    each(claimed, Member::end);
                });
    }

    private synchronized void takenDown(String reason) {
        if (taken == null && ended == 0 && !single()) {
            taken = reason;
        }
    }

    /** The end of all, for one reason: with the last words of the one that it names, if any. */
    private WorkerExit together(String reason) {
        String words = "";
        for (int local = 0; local < exits.length; local++) {
            WorkerExit exit = exits[local];
            if (exit != null && (words.isEmpty() || reason.contains(who(local) + ":"))) {
                words = exit.lastWords();
            }
        }
        WorkerExit one = first;
        return one == null
                ? new WorkerExit(-1, "", reason)
                : new WorkerExit(one.status(), words, reason, one.greeted());
    }

    /** Who of several does not answer while others do, in words. */
    private synchronized String silent() {
        if (single() || !ready) {
            return "";
        }
        long newest = Arrays.stream(pongedNanos).reduce((a, b) -> a - b > 0 ? a : b).orElse(0);
        String silent =
                IntStream.range(0, pongedNanos.length)
                        .filter(local -> newest - pongedNanos[local] > SILENT_NANOS)
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(", "));
        return silent.isEmpty() ? "" : " (local rank " + silent + " of " + members.size() + ")";
    }

    void killNow(String reason) {
        takenDown(reason);
        members.forEach(member -> member.endNow(reason));
    }

    void release(String reason) {
        takenDown(reason);
        members.forEach(member -> member.release(reason));
    }

    /** What the processes do; empty when none runs. Blocks for some seconds at most. */
    List<EvidencePiece> stacks() {
        return evidence(IntStream.range(0, members.size()).boxed().toList(), Member::stacks);
    }

    private interface Taking {
        List<EvidencePiece> take(Member member) throws InterruptedException;
    }

    /** Takes it from all at once: they may wait for each other. */
    private List<EvidencePiece> evidence(List<Integer> locals, Taking taking) {
        var taken = new ArrayList<List<EvidencePiece>>();
        members.forEach(_ -> taken.add(List.of()));
        each(
                locals,
                member -> {
                    int local = members.indexOf(member);
                    try {
                        List<EvidencePiece> pieces = named(local, taking.take(member));
                        synchronized (taken) {
                            taken.set(local, pieces);
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } catch (RuntimeException e) {
                        LOG.warn("worker {}.{}: no evidence", generation, local, e);
                    }
                });
        synchronized (taken) {
            Set<String> names = new HashSet<>();
            return taken.stream()
                    .flatMap(List::stream)
                    .filter(piece -> names.add(piece.getName()))
                    .toList();
        }
    }

    private interface Work {
        void on(Member member);
    }

    /** On threads of their own but for the last, and waits for them. */
    private void each(List<Integer> locals, Work work) {
        var threads = new ArrayList<Thread>();
        for (int i = 0; i + 1 < locals.size(); i++) {
            Member member = members.get(locals.get(i));
            threads.add(
                    Thread.ofPlatform()
                            .name("worker-each-" + generation)
                            .daemon()
                            .start(() -> work.on(member)));
        }
        work.on(members.get(locals.getLast()));
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void tell(String reason, List<EvidencePiece> pieces) {
        boolean heard;
        synchronized (this) {
            heard = wanted;
        }
        if (heard && !pieces.isEmpty()) {
            listener.evidence(generation, reason, pieces);
        }
    }
}
