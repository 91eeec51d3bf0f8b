package io.coxswain.coordinator.app;

import io.coxswain.coordinator.CancelOutcome;
import io.coxswain.coordinator.CoordinatorStatus;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.SubmitOutcome;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.job.JobEffect;
import io.coxswain.coordinator.core.job.JobEvent;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.DataEndpoint;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.FailureDomain;
import io.coxswain.coordinator.core.model.FinalShard;
import io.coxswain.coordinator.core.model.Inventory;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.Progress;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.StepRun;
import io.coxswain.coordinator.core.term.TermVerdict;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;

/**
 * A core with fake ports under a clock that the test moves. Inputs that ports offer are taken in
 * order.
 */
final class Bench {
    static final long MILLI = 1_000_000L;

    final ArrayDeque<CoordinatorInput> queue = new ArrayDeque<>();
    final List<CoordinatorEvent> events = new ArrayList<>();
    final List<String> resigned = new ArrayList<>();
    final List<Long> questions = new ArrayList<>();
    final FakeStore store = new FakeStore(inputs());
    final Crew agents = new Crew();
    final CoordinatorCore core;
    long now = 1_000 * MILLI;
    private long nextStream = 1;

    Bench() {
        this(null);
    }

    Bench(@Nullable PicturePort pictures) {
        this(CoordinatorSettings.defaults("c1"), pictures);
    }

    Bench(CoordinatorSettings settings, @Nullable PicturePort pictures) {
        core =
                new CoordinatorCore(
                        settings,
                        agents,
                        store,
                        (event, _, _, _, _, _) -> events.add(event),
                        leadership(),
                        pictures);
    }

    static JobSpec spec(String id, Mesh mesh, long steps) {
        return new JobSpec(
                id,
                "digits",
                mesh,
                steps,
                7,
                "data",
                128,
                8,
                0,
                1,
                0,
                1_000_000_000L,
                "runtime",
                "agent",
                "reference",
                "{}");
    }

    private LeadershipPort leadership() {
        return new LeadershipPort() {
            @Override
            public void resign(String reason) {
                resigned.add(reason);
            }

            @Override
            public void askTerm(long question) {
                questions.add(question);
            }
        };
    }

    /** The store answers the newest question about the term. */
    Bench answerTerm(TermVerdict verdict) {
        return give(new CoordinatorInput.TermAnswered(questions.getLast(), verdict, "bench"));
    }

    private Inputs inputs() {
        return new Inputs() {
            @Override
            public void offer(CoordinatorInput input) {
                queue.add(input);
            }

            @Override
            public void put(CoordinatorInput input) {
                queue.add(input);
            }
        };
    }

    Bench lead(long term, StoredJob... jobs) {
        return give(new CoordinatorInput.LeadershipGained(term, List.of(jobs)));
    }

    Bench give(CoordinatorInput input) {
        queue.add(input);
        return drain();
    }

    Bench drain() {
        while (!queue.isEmpty()) {
            core.on(queue.removeFirst(), now);
        }
        return this;
    }

    /** Moves the clock, deadline by deadline; the crew works in slices of 10 ms. */
    Bench pass(long millis) {
        for (long until = now + millis * MILLI; now < until; ) {
            long slice = Math.min(until, now + 10 * MILLI);
            while (core.nextDeadlineNanos() <= slice) {
                now = Math.max(now, core.nextDeadlineNanos());
                core.advance(now);
                drain();
            }
            now = slice;
            agents.work();
            drain();
        }
        return this;
    }

    static AgentProfile agent(int number) {
        return agent(number, 'a');
    }

    static AgentProfile agent(int number, char incarnation) {
        return new AgentProfile(
                new AgentKey("agent-" + number, String.valueOf(incarnation).repeat(32)),
                new DataEndpoint("host" + number, 7000 + number),
                FailureDomain.parse("rack/host" + number),
                1L << 30);
    }

    long attach(AgentProfile agent) {
        return attach(agent, 0, "");
    }

    long attach(AgentProfile agent, long termSeen, String jobId) {
        long stream = nextStream++;
        agents.streams.put(stream, agent);
        give(
                new CoordinatorInput.AgentAttached(
                        stream, termSeen, agent, Map.of(), jobId, Inventory.EMPTY, 0));
        return stream;
    }

    SubmitOutcome submit(JobSpec job, boolean queueIt) {
        var answer = new AtomicReference<SubmitOutcome>();
        give(new CoordinatorInput.Submit(job, queueIt, answer::set));
        return answer.get();
    }

    CancelOutcome cancel(String jobId) {
        var answer = new AtomicReference<CancelOutcome>();
        give(new CoordinatorInput.Cancel(jobId, "on request", answer::set));
        return answer.get();
    }

    CoordinatorStatus status() {
        var answer = new AtomicReference<CoordinatorStatus>();
        give(new CoordinatorInput.AskStatus(answer::set));
        return answer.get();
    }

    List<JobReport> awaitResult(String jobId) {
        var answers = new ArrayList<JobReport>();
        give(new CoordinatorInput.AwaitResult(jobId, answers::add));
        return answers;
    }

    <T extends CoordinatorEvent> List<T> published(Class<T> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** Agents that do what they are told, at once; {@code obedient} false: they only listen. */
    final class Crew extends RecordingAgents {
        final Map<Long, AgentProfile> streams = new HashMap<>();
        boolean heartbeats = true;
        boolean steps = true;
        private long steppingStream;
        private long epoch;
        private long credit;
        private long done;

        @Override
        protected void send(long stream, long term, Object body) {
            super.send(stream, term, body);
            AgentProfile agent = streams.get(stream);
            if (agent == null) {
                return;
            }
            AgentKey key = agent.key();
            switch (body) {
                case JobSpec job -> say(stream, job.jobId(), ready(key, job));
                case JobEffect.SendFence fence ->
                        say(
                                stream,
                                current(),
                                new JobEvent.InventoryReported(
                                        key,
                                        new Inventory(
                                                fence.epoch(),
                                                true,
                                                null,
                                                List.of(),
                                                List.of(),
                                                null,
                                                0)));
                case JobEffect.SendPrepareView prepare -> {
                    if (prepare.rank() >= 0) {
                        say(
                                stream,
                                current(),
                                new JobEvent.ViewReadyReported(
                                        key,
                                        prepare.view().epoch(),
                                        prepare.view().baseStep(),
                                        Digest.NONE,
                                        "init",
                                        0,
                                        MILLI));
                    }
                }
                case JobEffect.SendStartView start -> {
                    steppingStream = stream;
                    epoch = start.epoch();
                    credit = start.through();
                    done = 0;
                    held(stream, start.hold(), start.epoch(), key);
                }
                case JobEffect.SendGrant grant -> {
                    credit = grant.through();
                    held(stream, grant.hold(), grant.epoch(), key);
                }
                case JobEffect.SendCollectFinal collect ->
                        say(stream, current(), finalState(key, collect));
                default -> {}
            }
        }

        private void held(long stream, boolean hold, long inEpoch, AgentKey key) {
            if (hold) {
                credit = Math.max(done, credit);
                say(stream, current(), new JobEvent.StepsHeld(key, inEpoch, credit));
            }
        }

        private JobEvent ready(AgentKey key, JobSpec job) {
            int shards = job.mesh().shards();
            List<Long> bytes = Collections.nCopies(shards, 1_000L);
            List<Long> bounds =
                    LongStream.rangeClosed(0, shards).map(shard -> shard * 100).boxed().toList();
            return new JobEvent.AgentReady(
                    key,
                    new StateLayout(100L * shards, bounds, bytes, bytes, "f", true),
                    MILLI,
                    MILLI);
        }

        // Ten milliseconds of work: ten steps of a one-rank job, if there is credit, and now and
        // then
        // a heartbeat.
        void work() {
            boolean beat = heartbeats && now / (250 * MILLI) != (now - 10 * MILLI) / (250 * MILLI);
            if (beat) {
                streams.forEach((stream, _) ->
                        queue.add(
                                new CoordinatorInput.AgentSaid(
                                        stream,
                                        0,
                                        new AgentWord.Heartbeat(
                                                now, -1, 0, "idle", 0, List.of(), 0))));
            }
            long last = Math.min(credit, done + 10);
            if (!steps || last <= done) {
                return;
            }
            var run =
                    new StepRun(
                            done + 1,
                            last,
                            MILLI * (last - done),
                            MILLI,
                            0,
                            0,
                            0,
                            0,
                            128 * (last - done),
                            5,
                            0.5f,
                            Digest.NONE,
                            0,
                            0);
            done = last;
            say(
                    steppingStream,
                    current(),
                    new JobEvent.ProgressReported(
                            Objects.requireNonNull(streams.get(steppingStream)).key(),
                            new Progress(epoch, 0, List.of(run), last)));
        }

        private CoordinatorStatus.Job status0() {
            var answer = new AtomicReference<CoordinatorStatus>();
            core.on(new CoordinatorInput.AskStatus(answer::set), now);
            return answer.get().jobs().getFirst();
        }

        private String current() {
            return status0().jobId();
        }

        private JobEvent finalState(AgentKey key, JobEffect.SendCollectFinal collect) {
            return new JobEvent.FinalStateReported(
                    key,
                    new FinalShard(
                            collect.epoch(),
                            collect.step(),
                            0,
                            List.of(new FinalShard.LeafPart("w", 0, 1, 0, "ab".repeat(32), "77")),
                            true,
                            0.25,
                            0.97,
                            collect.step() * 128,
                            List.of(collect.step() * 128)));
        }

        void say(long stream, String jobId, JobEvent event) {
            queue.add(
                    new CoordinatorInput.AgentSaid(stream, 0, new AgentWord.ForJob(jobId, event)));
        }
    }
}
