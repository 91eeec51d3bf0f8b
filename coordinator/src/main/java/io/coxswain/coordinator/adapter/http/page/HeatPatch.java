package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.picture.AgentPicture;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How the agents' heat moved. It shifts for all at once and mostly alike, so what most of them
 * share is told once. Pure.
 */
final class HeatPatch {
    /** A page that missed more cells than this is given the whole line. */
    private static final int MOST_SHIFT = 8;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private HeatPatch() {}

    /**
     * A line of cells from the one before.
     *
     * @param drop cells that go at its begin
     * @param keep cells that stay after those
     * @param tail what comes then
     */
    private record Move(int drop, int keep, String tail) {
        static Move of(String before, String now) {
            Move best = new Move(0, 0, now);
            for (int drop = 0; drop <= Math.min(MOST_SHIFT, before.length()); drop++) {
                int keep = common(before, drop, now);
                if (now.length() - keep < best.tail.length()) {
                    best = new Move(drop, keep, now.substring(keep));
                }
            }
            return best;
        }

        private static int common(String before, int drop, String now) {
            int most = Math.min(before.length() - drop, now.length());
            int keep = 0;
            while (keep < most && before.charAt(drop + keep) == now.charAt(keep)) {
                keep++;
            }
            return keep;
        }

        boolean still(String before) {
            return drop == 0 && keep == before.length() && tail.isEmpty();
        }

        ArrayNode json() {
            return JSON.createArrayNode().add(drop).add(keep).add(tail);
        }
    }

    /**
     * {@code {"most": [drop, keep, tail], "others": {id: […]}}}; null where nothing moved.
     *
     * @param now the same agents in the same order
     */
    static @Nullable ObjectNode of(List<AgentPicture> before, List<AgentPicture> now) {
        var moves = new ArrayList<Move>(now.size());
        Map<Move, Integer> counts = new HashMap<>();
        Move most = null;
        boolean moved = false;
        for (int i = 0; i < now.size(); i++) {
            String cells = before.get(i).cells();
            Move move = Move.of(cells, now.get(i).cells());
            moves.add(move);
            moved |= !move.still(cells);
            int count = counts.merge(move, 1, Integer::sum);
            if (most == null || count > counts.getOrDefault(most, 0)) {
                most = move;
            }
        }
        if (!moved || most == null) {
            return null;
        }
        ObjectNode patch = JSON.createObjectNode();
        patch.set("most", most.json());
        ObjectNode others = JSON.createObjectNode();
        for (int i = 0; i < now.size(); i++) {
            if (!moves.get(i).equals(most)) {
                others.set(now.get(i).id(), moves.get(i).json());
            }
        }
        if (!others.isEmpty()) {
            patch.set("others", others);
        }
        return patch;
    }
}
