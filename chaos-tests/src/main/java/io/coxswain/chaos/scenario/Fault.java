package io.coxswain.chaos.scenario;

import java.time.Duration;
import java.util.Locale;
import java.util.Set;

/** What goes wrong, and by that how it is taken back. */
public sealed interface Fault {
    /** In words, with whom it hits. */
    String text(String victims);

    /** SIGKILL; of a host its memory goes too. Taken back: started again, an agent as a spare. */
    record Kill(Part part) implements Fault {
        @Override
        public String text(String victims) {
            return switch (part) {
                case HOST -> "SIGKILL " + victims;
                case AGENT -> "SIGKILL the agent process of " + victims;
                case WORKER -> "SIGKILL the worker of " + victims;
            };
        }
    }

    /** SIGSTOP; taken back by SIGCONT. HOST stops agent and worker. */
    record Pause(Part part) implements Fault {
        @Override
        public String text(String victims) {
            return switch (part) {
                case HOST -> "SIGSTOP " + victims;
                case AGENT -> "SIGSTOP the agent process of " + victims;
                case WORKER -> "SIGSTOP the worker of " + victims;
            };
        }
    }

    /** SIGTERM, a notice of preemption. Taken back: started again. */
    record Terminate() implements Fault {
        @Override
        public String text(String victims) {
            return "SIGTERM " + victims;
        }
    }

    /** SIGSTOP for a while, SIGCONT for a while, and so on: a processor shared with others. */
    record Starve(Duration stopped, Duration running) implements Fault {
        @Override
        public String text(String victims) {
            return "starve "
                    + victims
                    + " ("
                    + stopped.toMillis()
                    + " ms in "
                    + stopped.plus(running).toMillis()
                    + ")";
        }
    }

    /** Kill and start, so many times, with that uptime between. Taken back: it stays up. */
    record CrashLoop(int times, Duration uptime) implements Fault {
        public CrashLoop {
            if (times < 1) {
                throw new IllegalArgumentException("a crash loop of " + times + " crashes");
            }
        }

        @Override
        public String text(String victims) {
            return "crash loop of " + victims + ", " + times + " times";
        }
    }

    /**
     * Something happens to the connections between the victims and their peer.
     *
     * @param planes on which
     * @param oneWay only what the victims send
     */
    record Link(Target peer, Set<Plane> planes, boolean oneWay, LinkEffect effect)
            implements Fault {
        public Link {
            planes = Set.copyOf(planes);
        }

        @Override
        public String text(String victims) {
            return text(victims, peer.text());
        }

        /** In words, with who the peers are. */
        public String text(String victims, String peers) {
            String on =
                    planes.size() == Plane.values().length
                            ? ""
                            : " ("
                                    + String.join(
                                            ", ",
                                            planes.stream()
                                                    .map(plane ->
                                                            plane.name().toLowerCase(Locale.ROOT))
                                                    .sorted()
                                                    .toList())
                                    + ")";
            return "the link "
                    + (oneWay ? "from " : "between ")
                    + victims
                    + (oneWay ? " to " : " and ")
                    + peers
                    + on
                    + " "
                    + effect.text();
        }
    }

    /** The ZooKeeper session of the victim is ended by another client that has its id. */
    record ExpireSession() implements Fault {
        @Override
        public String text(String victims) {
            return "expire the ZooKeeper session of " + victims;
        }
    }

    /** A bit of each committed state of that kind in the victim's shared memory flips. */
    record FlipBit(Memory memory) implements Fault {
        @Override
        public String text(String victims) {
            return switch (memory) {
                case SNAPSHOT -> "flip a bit in the snapshots of " + victims;
                case COPY -> "flip a bit in the copies held by " + victims;
            };
        }
    }

    /**
     * No file can be written or made any longer, as on a full disk or a full tmpfs; what is mapped
     * already stays usable.
     */
    record FillDisk() implements Fault {
        @Override
        public String text(String victims) {
            return "fill the disk of " + victims;
        }
    }

    /** Something happens to words of the control plane, to and from the victims, agents. */
    record Words(WordEffect effect) implements Fault {
        @Override
        public String text(String victims) {
            return "between " + victims + " and the coordinator " + effect.text();
        }
    }

    /** The worker ends itself as a runtime does that finds a bug: SIGABRT, status 134. */
    record Abort() implements Fault {
        @Override
        public String text(String victims) {
            return "SIGABRT the worker of " + victims;
        }
    }

    /**
     * No process of the victim gets more memory than it has: the next mapping, heap or thread's
     * stack fails. Taken back: the limit goes, and what ended of it is started again.
     */
    record LimitMemory() implements Fault {
        @Override
        public String text(String victims) {
            return "no more memory for " + victims;
        }
    }

    /**
     * The coordinator stands still and another one is started, which is elected when the session of
     * the first is over. Taken back: the first wakes, must find that it leads no longer and may
     * change nothing in ZooKeeper; if it does the scenario fails.
     */
    record Usurp() implements Fault {
        @Override
        public String text(String victims) {
            return "SIGSTOP " + victims + " and start another";
        }
    }

    /** No fault: somebody cancels the job, asking again until a coordinator answers. */
    record CancelJob() implements Fault {
        @Override
        public String text(String victims) {
            return "cancel the job at " + victims;
        }
    }

    /** States at rest. */
    enum Memory {
        /** Of the agent's own rank. */
        SNAPSHOT,
        /** Held for others. */
        COPY
    }
}
