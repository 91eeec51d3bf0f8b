package io.coxswain.coordinator.core.job;

import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.AgentProfile;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Digest;
import io.coxswain.coordinator.core.model.JobSpec;
import io.coxswain.coordinator.core.model.Mesh;
import io.coxswain.coordinator.core.model.RestoreSource;
import io.coxswain.coordinator.core.model.StateName;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.placement.PlacementDecision;
import io.coxswain.coordinator.core.recovery.BadSource;
import io.coxswain.coordinator.core.view.StepPlanCompiler;

import org.jspecify.annotations.Nullable;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.RandomAccess;
import java.util.Set;
import java.util.TreeMap;

/** A view that is being installed: its plan, and who is ready. */
final class PendingView {
    final View view;
    final List<RestoreSource> sources;
    final PlacementDecision placement;
    final long expectedNanos;
    final String reason;

    /** The newest floor that is known when the members are told. */
    long floor;

    /** A holder was lost since the placement was planned. */
    boolean placementOutdated;

    private final TreeMap<AgentKey, List<JobEffect.Donation>> donations = new TreeMap<>();

    /** Agents without a rank that hold copies; made when it is first asked for. */
    private @Nullable Set<AgentKey> holders;

    private final JobEvent.@Nullable ViewReadyReported[] ready;
    private @Nullable StepPlanCompiler plans;
    private int missing;

    PendingView(
            View view,
            List<RestoreSource> sources,
            PlacementDecision placement,
            long expectedNanos,
            String reason) {
        this.view = view;
        this.sources = List.copyOf(sources);
        this.placement = placement;
        this.expectedNanos = expectedNanos;
        this.reason = reason;
        int twice = view.rankOfTwice();
        if (twice >= 0) {
            throw new InvariantBroken(
                    "I7",
                    "agent "
                            + view.members().get(twice).key()
                            + " has two ranks in epoch "
                            + view.epoch());
        }
        int count = view.members().size();
        ready = new JobEvent.@Nullable ViewReadyReported[count];
        missing = count;
        for (int rank = 0; rank < count; rank++) {
            AgentProfile member = view.members().get(rank);
            if (sources.get(rank) instanceof RestoreSource.Fetch fetch) {
                if (fetch.donor().key().equals(member.key())) {
                    throw new InvariantBroken(
                            "I9",
                            "rank "
                                    + rank
                                    + " of epoch "
                                    + view.epoch()
                                    + " would fetch from itself");
                }
                donations
                        .computeIfAbsent(fetch.donor().key(), key -> new ArrayList<>())
                        .add(new JobEffect.Donation(fetch.state(), fetch.digest()));
            }
        }
    }

    long epoch() {
        return view.epoch();
    }

    int rankOf(AgentKey key) {
        return view.rankOf(key);
    }

    boolean donates(AgentKey key) {
        return donations.containsKey(key);
    }

    /** An agent without a rank that holds copies. */
    boolean holds(AgentKey key) {
        Set<AgentKey> known = holders;
        if (known == null) {
            known = new HashSet<>();
            for (CopyDuty duty : placement.placement().duties()) {
                if (view.rankOf(duty.holder().key()) < 0) {
                    known.add(duty.holder().key());
                }
            }
            holders = known;
        }
        return known.contains(key);
    }

    /** An agent without a rank that the view needs to know of it. */
    boolean concerns(AgentKey key) {
        return donates(key) || holds(key);
    }

    void compile(JobSpec spec, int reportEvery, int snapshotEvery) {
        plans = new StepPlanCompiler(spec, view, reportEvery, snapshotEvery);
    }

    /** {@code rank} -1: a spare. */
    JobEffect.SendPrepareView messageTo(AgentKey agent, int rank) {
        return new JobEffect.SendPrepareView(
                agent,
                view,
                rank,
                rank < 0 ? null : sources.get(rank),
                rank < 0 ? null : plans,
                placement.placement(),
                donations.getOrDefault(agent, List.of()),
                floor);
    }

    boolean isReady(AgentKey key) {
        int rank = rankOf(key);
        return rank >= 0 && isReady(rank);
    }

    boolean isReady(int rank) {
        return ready[rank] != null;
    }

    List<AgentKey> notReady() {
        var keys = new ArrayList<AgentKey>(missing);
        for (int rank = 0; rank < ready.length; rank++) {
            if (ready[rank] == null) {
                keys.add(view.members().get(rank).key());
            }
        }
        return keys;
    }

    /** True when that was the last one. */
    boolean ready(int rank, JobEvent.ViewReadyReported report) {
        ready[rank] = report;
        missing--;
        return missing == 0;
    }

    /**
     * Ranks whose restored digest is not the one it should be: that of the completed step if it is
     * known, else that of the rank's own source, else that of most replicas of the shard. Of two
     * that stand alone a live state, which no snapshot verified, is the odd one, then the later
     * rank.
     */
    List<Integer> oddRanks(DigestWindow completed) {
        Mesh mesh = view.mesh();
        var odd = new ArrayList<Integer>();
        for (int shard = 0; shard < mesh.shards(); shard++) {
            Digest truth = truth(completed, shard);
            for (int replica = 0; replica < mesh.replicas(); replica++) {
                int rank = mesh.rankOf(replica, shard);
                Digest got = digest(rank);
                if (!got.agreesWith(truth) || !got.agreesWith(expected(sources.get(rank)))) {
                    odd.add(rank);
                }
            }
        }
        odd.sort(null);
        return odd;
    }

    private Digest truth(DigestWindow completed, int shard) {
        Digest known = completed.find(shard, view.baseStep());
        return known.known() ? known : truth(shard);
    }

    private Digest truth(int shard) {
        Mesh mesh = view.mesh();
        Digest common = digest(mesh.rankOf(0, shard));
        boolean agree = common.known();
        for (int replica = 1; replica < mesh.replicas() && agree; replica++) {
            agree = common.equals(digest(mesh.rankOf(replica, shard)));
        }
        return agree ? common : majority(shard);
    }

    private Digest majority(int shard) {
        Mesh mesh = view.mesh();
        var votes = new LinkedHashMap<Digest, Integer>();
        for (int replica = 0; replica < mesh.replicas(); replica++) {
            int rank = mesh.rankOf(replica, shard);
            Digest got = digest(rank);
            if (got.known()) {
                int weight = sources.get(rank) instanceof RestoreSource.KeepLive ? 4 : 5;
                votes.merge(got, weight, Integer::sum);
            }
        }
        Digest truth = Digest.NONE;
        int most = 0;
        for (var vote : votes.entrySet()) {
            if (vote.getValue() > most) {
                most = vote.getValue();
                truth = vote.getKey();
            }
        }
        return truth;
    }

    private Digest digest(int rank) {
        JobEvent.ViewReadyReported report = ready[rank];
        return report == null ? Digest.NONE : report.digest();
    }

    private static Digest expected(RestoreSource source) {
        return switch (source) {
            case RestoreSource.Init init -> Digest.NONE;
            case RestoreSource.KeepLive live -> live.digest();
            case RestoreSource.LoadLocal local -> local.digest();
            case RestoreSource.Fetch fetch -> fetch.digest();
            case RestoreSource.PromoteCopy copy -> copy.digest();
        };
    }

    /** Whose state that rank was to restore; null for the initial state. */
    @Nullable BadSource sourceOf(int rank) {
        AgentKey self = view.members().get(rank).key();
        StateName state =
                switch (sources.get(rank)) {
                    case RestoreSource.Init init -> null;
                    case RestoreSource.KeepLive live -> live.state();
                    case RestoreSource.LoadLocal local -> local.state();
                    case RestoreSource.Fetch fetch -> fetch.state();
                    case RestoreSource.PromoteCopy copy -> copy.state();
                };
        if (state == null) {
            return null;
        }
        return new BadSource(
                sources.get(rank) instanceof RestoreSource.Fetch fetch ? fetch.donor().key() : self,
                state);
    }

    /** Where the states are to come from, by rank. */
    List<Incident.Source> plannedOrigins() {
        return new Origins(view, sources, new String[0], new long[0]);
    }

    /** Where the states came from in the end, by rank; as planned where nobody is ready yet. */
    List<Incident.Source> origins() {
        var actions = new String[ready.length];
        var bytes = new long[ready.length];
        for (int rank = 0; rank < ready.length; rank++) {
            JobEvent.ViewReadyReported report = ready[rank];
            actions[rank] = report == null ? "" : report.action();
            bytes[rank] = report == null ? 0 : report.restoredBytes();
        }
        return new Origins(view, sources, actions, bytes);
    }

    /** Put in words when somebody reads them: there may be 100,000. Immutable. */
    private static final class Origins extends AbstractList<Incident.Source>
            implements RandomAccess {
        private static final Set<String> NAMES =
                Set.of("init", "live", "local", "peer-copy", "fetched");

        private final View view;
        private final List<RestoreSource> sources;

        /** What members said they did, by rank; of nobody before they did. */
        private final String[] actions;

        private final long[] bytes;

        Origins(View view, List<RestoreSource> sources, String[] actions, long[] bytes) {
            this.view = view;
            this.sources = sources;
            this.actions = actions;
            this.bytes = bytes;
        }

        @Override
        public Incident.Source get(int rank) {
            RestoreSource source = sources.get(rank);
            String self = view.members().get(rank).key().id();
            boolean told = rank < actions.length && NAMES.contains(actions[rank]);
            String planned = Preparing.sourceName(source);
            String done = told ? actions[rank] : planned;
            String from =
                    source instanceof RestoreSource.Fetch fetch && done.equals(planned)
                            ? fetch.donor().key().id()
                            : self;
            return new Incident.Source(
                    rank, self, done, from, rank < bytes.length ? bytes[rank] : 0);
        }

        @Override
        public int size() {
            return sources.size();
        }
    }
}
