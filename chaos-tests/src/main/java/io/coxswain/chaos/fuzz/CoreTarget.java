package io.coxswain.chaos.fuzz;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;

import io.coxswain.agent.core.AgentEvent;
import io.coxswain.chaos.simulation.invariant.InvariantViolated;
import io.coxswain.chaos.simulation.kernel.Randomness;
import io.coxswain.chaos.simulation.kernel.Trace;
import io.coxswain.chaos.simulation.process.Interceptor;
import io.coxswain.chaos.simulation.process.SimAgent;
import io.coxswain.chaos.simulation.process.SimCoordinator;
import io.coxswain.chaos.simulation.process.World;
import io.coxswain.chaos.simulation.swarm.Drill;
import io.coxswain.coordinator.adapter.grpc.ControlCodec;
import io.coxswain.coordinator.app.AgentWord;
import io.coxswain.coordinator.app.CoordinatorInput;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.CoordinatorMessage;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The decision cores in a simulated run, told lies by one who belongs to it: a coordinator by an
 * agent with a good certificate, an agent by a leader. Lies may cost the run what they like; they
 * may stop no process that hears them, take power or epochs, or break the account.
 */
final class CoreTarget implements FuzzTarget {
    private static final int MOST_EVENTS = 6_000;
    private static final long MOST_NANOS = 12_000_000_000L;
    private static final int DRILLS = 200;
    private static final int MOST_LIES = 60;
    private static final int LIE_EVERY = 12;
    private static final long DEATH_NANOS = 3_000_000_000L;
    private static final long RETURN_NANOS = 5_000_000_000L;

    // What no lie may break: one leader, exact accounts, nobody stopped. Others speak of a truth
    // that a liar can hide.
    private static final List<String> HOLD = List.of("I1 one leader", "I13 ", "I14 ");

    /** Who is lied to. */
    enum Side {
        COORDINATOR("coordinator-core", "agent-messages"),
        AGENT("agent-core", "orders");

        private final String target;
        private final String corpus;

        Side(String target, String corpus) {
            this.target = target;
            this.corpus = corpus;
        }

        private Message parse(byte[] input) throws InvalidProtocolBufferException {
            return switch (this) {
                case COORDINATOR -> AgentMessage.parseFrom(input);
                case AGENT -> CoordinatorMessage.parseFrom(input);
            };
        }
    }

    private final Side side;
    private final List<Message> recorded;
    private long told;

    CoreTarget(Side side) {
        this.side = side;
        var parsed = new ArrayList<Message>();
        for (byte[] one : Corpus.of(side.corpus)) {
            try {
                parsed.add(side.parse(one));
            } catch (InvalidProtocolBufferException broken) {
                throw new IllegalStateException("a recorded word does not parse", broken);
            }
        }
        recorded = List.copyOf(parsed);
    }

    @Override
    public String name() {
        return side.target;
    }

    @Override
    public int weight() {
        return 1;
    }

    @Override
    public List<byte[]> seeds() {
        return Corpus.of(side.corpus);
    }

    @Override
    public boolean isRefusal(Throwable thrown) {
        return false;
    }

    /** Lies that were told so far, to whomever. */
    long told() {
        return told;
    }

    @Override
    public void feed(byte[] input) {
        var random = new SplittableRandom(Arrays.hashCode(input));
        var words = new ArrayList<>(recorded);
        try {
            words.add(side.parse(input));
        } catch (InvalidProtocolBufferException refused) {
            // Its stream would be closed; what was recorded is twisted all the same.
            words.add(recorded.get(random.nextInt(recorded.size())));
        }
        Drill drill = Drill.of(1 + random.nextInt(DRILLS)).withFaults(List.of());
        Liar liar =
                switch (side) {
                    case COORDINATOR -> new LyingAgent(words, random.split());
                    case AGENT -> new LyingLeader(words, random.split());
                };
        try {
            run(
                    new World(
                            drill.cluster(),
                            new Randomness(drill.seed()).split("world"),
                            new Trace(null),
                            liar));
        } catch (InvariantViolated violated) {
            if (HOLD.stream().anyMatch(violated.invariant()::startsWith)) {
                throw violated;
            }
        } finally {
            told += liar.told();
        }
    }

    // Somebody dies and comes back, so that lies are told in a recovery too.
    private static void run(World world) {
        int victim = world.plan().agents() - 1;
        boolean died = false;
        boolean back = false;
        for (int i = 0; i < MOST_EVENTS && world.step(MOST_NANOS); i++) {
            if (!died && world.now() > DEATH_NANOS) {
                died = true;
                SimAgent agent = world.agent(victim);
                if (agent != null && victim > 0) {
                    agent.kill();
                }
            }
            if (!back && world.now() > RETURN_NANOS) {
                back = true;
                world.startAgent(victim);
            }
        }
    }

    // What the input says more often than what was recorded.
    private static Message one(List<Message> words, SplittableRandom random) {
        return random.nextBoolean() ? words.getLast() : words.get(random.nextInt(words.size()));
    }

    /** Stands between the cores and invents. */
    private interface Liar extends Interceptor {
        int told();
    }

    /** Everybody's names, as they are heard. */
    private static final class Heard {
        private final Map<String, String> agents = new LinkedHashMap<>();
        private long term = 1;
        private long epoch = 1;
        private long step = 1;

        HostileWords.Names names() {
            return new HostileWords.Names(
                    "job-1",
                    term,
                    epoch,
                    step,
                    agents.isEmpty() ? List.of("a0") : List.copyOf(agents.keySet()),
                    agents.isEmpty() ? List.of("0".repeat(32)) : List.copyOf(agents.values()));
        }
    }

    /** The first agent that attached says what it likes on its own stream, and attaches again. */
    private static final class LyingAgent implements Liar {
        private final List<Message> words;
        private final SplittableRandom random;
        private final HostileWords lies;
        private final Heard heard = new Heard();
        private CoordinatorInput.@Nullable AgentAttached self;
        private int told;
        private long nextStream = 1L << 40;

        LyingAgent(List<Message> words, SplittableRandom random) {
            this.words = words;
            this.random = random;
            this.lies = new HostileWords(random);
        }

        @Override
        public List<CoordinatorInput> toCoordinator(
                SimCoordinator coordinator, CoordinatorInput input) {
            if (input instanceof CoordinatorInput.AgentAttached attached) {
                heard.agents.put(attached.agent().key().id(), attached.agent().key().incarnation());
                if (self == null || self.agent().key().id().equals(attached.agent().key().id())) {
                    self = attached;
                }
                return List.of(input);
            }
            learn(input);
            var mine = self;
            if (mine == null || told >= MOST_LIES || random.nextInt(LIE_EVERY) != 0) {
                return List.of(input);
            }
            var all = new ArrayList<CoordinatorInput>();
            all.add(input);
            AgentKey key = mine.agent().key();
            try {
                var lie = (AgentMessage) lies.vary(one(words, random), heard.names());
                if (lie.hasAttach()) {
                    all.add(attach(mine, lie));
                } else {
                    all.add(
                            new CoordinatorInput.AgentSaid(
                                    mine.stream(),
                                    termSeen(mine, lie),
                                    ControlCodec.word(key, lie)));
                }
                told++;
            } catch (IllegalArgumentException refused) {
                // Its stream would be closed.
                return all;
            }
            return all;
        }

        @Override
        public int told() {
            return told;
        }

        private CoordinatorInput attach(CoordinatorInput.AgentAttached mine, AgentMessage lie) {
            var attach = lie.getAttach();
            return new CoordinatorInput.AgentAttached(
                    nextStream++,
                    termSeen(mine, lie),
                    mine.agent(),
                    attach.getLabelsMap(),
                    attach.getJobId(),
                    ControlCodec.inventory(attach.getInventory()),
                    attach.getJobTimeNanos(),
                    attach.hasStanding() ? ControlCodec.standing(attach.getStanding()) : null,
                    mine.process());
        }

        // Who claims a higher term too often is not heard otherwise.
        private long termSeen(CoordinatorInput.AgentAttached mine, AgentMessage lie) {
            return random.nextInt(16) == 0 ? lie.getTermSeen() : mine.termSeen();
        }

        private void learn(CoordinatorInput input) {
            if (input instanceof CoordinatorInput.AgentSaid said
                    && said.word() instanceof AgentWord.Heartbeat beat) {
                heard.step = Math.max(heard.step, Math.min(beat.step(), 1_000));
            }
        }
    }

    /** The leader says to one agent what it likes, beside what it has to say. */
    private static final class LyingLeader implements Liar {
        private final List<Message> words;
        private final SplittableRandom random;
        private final HostileWords lies;
        private final Heard heard = new Heard();
        private int told;

        LyingLeader(List<Message> words, SplittableRandom random) {
            this.words = words;
            this.random = random;
            this.lies = new HostileWords(random);
        }

        @Override
        public int told() {
            return told;
        }

        @Override
        public List<AgentEvent> toAgent(SimAgent agent, AgentEvent event) {
            heard.agents.put(agent.profile().key().id(), agent.profile().key().incarnation());
            if (!(event instanceof AgentEvent.FromLeader word)) {
                return List.of(event);
            }
            heard.term = Math.max(heard.term, word.term());
            if (event instanceof AgentEvent.ViewOrdered ordered) {
                heard.epoch = Math.max(heard.epoch, ordered.order().view().epoch());
            } else if (event instanceof AgentEvent.StepsGranted granted) {
                heard.step = Math.min(granted.through(), 1_000);
            }
            if (told >= MOST_LIES
                    || word.term() < heard.term
                    || !agent.profile().key().id().equals("a0")
                    || random.nextInt(3) != 0) {
                return List.of(event);
            }
            try {
                AgentEvent lie =
                        io.coxswain.agent.adapter.ControlCodec.event(
                                (CoordinatorMessage) lies.vary(one(words, random), heard.names()));
                if (lie == null) {
                    return List.of(event);
                }
                told++;
                return List.of(event, lie);
            } catch (IllegalArgumentException refused) {
                return List.of(event);
            }
        }
    }
}
