package io.coxswain.coordinator.app;

import io.coxswain.coordinator.core.job.JobPhase;
import io.coxswain.coordinator.core.model.AgentKey;
import io.coxswain.coordinator.core.model.CopyDuty;
import io.coxswain.coordinator.core.model.Placement;
import io.coxswain.coordinator.core.model.StateLayout;
import io.coxswain.coordinator.core.model.View;
import io.coxswain.coordinator.core.placement.MemoryRule;
import io.coxswain.coordinator.core.statistics.Heat;
import io.coxswain.coordinator.picture.AgentPicture;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The agents' pictures and their heat: for each agent name what became of it lately, of lost ones
 * too until nothing is left to show. Owned by the decision loop.
 */
final class AgentPictures {
    private static final long SECOND = 1_000_000_000L;

    /** A cell lasts no longer, so that the heat shows the last hour. */
    private static final long LONGEST_CELL_NANOS = 32 * SECOND;

    /** Rows of agents that are gone; beyond, the first to go is forgotten. */
    private static final int MOST_GONE = 1_024;

    private final Map<String, Row> rows = new HashMap<>();
    private long originNanos = Long.MIN_VALUE;
    private long cellNanos = SECOND;
    private String counted = "";
    private Map<AgentKey, int[]> duties = Map.of();
    private final MaintenanceDesk maintenance;

    /** What is known of one agent's name. */
    private static final class Row {
        final Heat heat;
        AgentPicture last;
        boolean here;
        long goneSince;

        Row(long cell, AgentPicture first) {
            heat = new Heat(cell);
            last = first;
        }
    }

    AgentPictures(MaintenanceDesk maintenance) {
        this.maintenance = maintenance;
    }

    long cellMillis() {
        return cellNanos / 1_000_000;
    }

    List<AgentPicture> pictures(Roster roster, @Nullable JobRun run, int straggler, long nowNanos) {
        long cell = cell(nowNanos);
        rows.values().forEach(row -> row.here = false);
        countDuties(run);
        for (Roster.Entry entry : roster.all()) {
            note(entry, run, straggler, cell);
        }
        var pictures = new ArrayList<AgentPicture>(rows.size());
        var over = new ArrayList<String>();
        int gone = 0;
        for (Map.Entry<String, Row> named : rows.entrySet()) {
            Row row = named.getValue();
            if (!row.here) {
                gone++;
                if (!row.last.state().equals("lost")) {
                    row.goneSince = cell;
                    row.last = lost(row.last);
                }
                // What it was is told for the time that the heat shows.
                row.heat.note(cell, cell - row.goneSince < Heat.CELLS ? 'l' : '.');
                if (row.heat.isOver()) {
                    over.add(named.getKey());
                    continue;
                }
            }
            pictures.add(row.last.withCells(row.heat.cells()));
        }
        over.forEach(rows::remove);
        if (gone - over.size() > MOST_GONE) {
            forgetFirstGone();
        }
        pictures.sort(Comparator.comparing(AgentPicture::domain).thenComparing(AgentPicture::id));
        return pictures;
    }

    private void forgetFirstGone() {
        rows.entrySet().stream()
                .filter(entry -> !entry.getValue().here)
                .min(Comparator.comparingLong(entry -> entry.getValue().goneSince))
                .map(Map.Entry::getKey)
                .ifPresent(rows::remove);
    }

    /** Nothing of a former term is true any more. */
    void clear() {
        rows.clear();
        counted = "";
        duties = Map.of();
    }

    private long cell(long nowNanos) {
        if (originNanos == Long.MIN_VALUE) {
            originNanos = nowNanos;
        }
        while (cellNanos < LONGEST_CELL_NANOS
                && (nowNanos - originNanos) / cellNanos >= Heat.CELLS) {
            cellNanos *= 2;
            rows.values()
                    .forEach(row -> {
                        row.heat.fold();
                        row.goneSince /= 2;
                    });
        }
        return (nowNanos - originNanos) / cellNanos;
    }

    private void countDuties(@Nullable JobRun run) {
        Placement placement = run == null ? null : run.machine().placement();
        String name =
                run == null || placement == null
                        ? ""
                        : run.jobId() + "/" + placement.epoch() + "/" + placement.version();
        if (name.equals(counted)) {
            return;
        }
        counted = name;
        var shards = new HashMap<AgentKey, List<Integer>>();
        if (placement != null) {
            for (CopyDuty duty : placement.duties()) {
                shards.computeIfAbsent(duty.holder().key(), _ -> new ArrayList<>())
                        .add(duty.shard());
            }
        }
        duties = new HashMap<>();
        shards.forEach((key, held) ->
                duties.put(key, held.stream().distinct().mapToInt(shard -> shard).toArray()));
    }

    private void note(Roster.Entry entry, @Nullable JobRun run, int straggler, long cell) {
        AgentKey key = entry.profile.key();
        String state = entry.state(run, maintenance);
        int rank = run == null ? -1 : run.rankOf(key);
        int[] held = duties.getOrDefault(key, new int[0]);
        Row row = rows.get(key.id());
        String domain =
                row != null && row.last.incarnation().equals(key.incarnation())
                        ? row.last.domain()
                        : entry.profile.domain().toString();
        var picture =
                new AgentPicture(
                        key.id(),
                        key.incarnation(),
                        domain,
                        entry.process.host(),
                        state,
                        rank,
                        entry.detail(run, maintenance),
                        held.length,
                        entry.profile.arenaBudgetBytes(),
                        run == null ? 0 : used(run, rank, held),
                        "");
        if (row == null) {
            row = new Row(cell, picture);
            rows.put(key.id(), row);
        }
        row.last = picture;
        row.here = true;
        row.heat.note(cell, letter(state, rank, held.length, straggler, run));
    }

    private static long used(JobRun run, int rank, int[] held) {
        StateLayout layout = run.machine().layout();
        View view = run.machine().view();
        if (layout == null || view == null) {
            return 0;
        }
        long bytes = rank < 0 ? 0 : MemoryRule.rankBytes(layout, view.mesh().shardOf(rank));
        for (int shard : held) {
            bytes += MemoryRule.copyBytes(layout, shard);
        }
        return bytes;
    }

    private static char letter(
            String state, int rank, int held, int straggler, @Nullable JobRun run) {
        if (state.equals("suspect") || state.equals("unfit")) {
            return 's';
        }
        if (run == null || rank < 0) {
            return held > 0 ? 'c' : 'p';
        }
        JobPhase phase = run.machine().phase();
        if (phase != JobPhase.ACTIVE && phase != JobPhase.FINISHING && !phase.over()) {
            return 'r';
        }
        return rank == straggler ? 'g' : 'h';
    }

    private static AgentPicture lost(AgentPicture last) {
        return new AgentPicture(
                last.id(),
                last.incarnation(),
                last.domain(),
                last.host(),
                "lost",
                -1,
                "",
                0,
                last.arenaBudgetBytes(),
                0,
                "");
    }
}
