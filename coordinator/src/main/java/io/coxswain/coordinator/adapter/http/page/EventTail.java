package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.EventText;
import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.List;

/**
 * What a page is told of events. Reports of steps come by the hundred a second: of those that
 * follow each other only the last is told. Pure.
 */
final class EventTail {
    private static final int TEXT_LIMIT = 2_000;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private EventTail() {}

    /** The newest of them, {@code most} at most, in order. */
    static List<SequencedEvent> of(List<SequencedEvent> events, int most) {
        var told = new ArrayList<SequencedEvent>();
        for (int i = events.size() - 1; i >= 0 && told.size() < most; i--) {
            boolean superseded =
                    isSteps(events.get(i)) && !told.isEmpty() && isSteps(told.getLast());
            if (!superseded) {
                told.add(events.get(i));
            }
        }
        return told.reversed();
    }

    private static boolean isSteps(SequencedEvent event) {
        return event.event() instanceof CoordinatorEvent.StepsCompleted;
    }

    static byte[] json(List<SequencedEvent> events) {
        ArrayNode all = JSON.createArrayNode();
        events.forEach(event -> all.add(node(event)));
        return JSON.writeValueAsBytes(all);
    }

    private static ObjectNode node(SequencedEvent event) {
        String text = EventText.of(event.event());
        return JSON.createObjectNode()
                .put("sequence", event.sequence())
                .put("wallMillis", event.wallMillis())
                .put("term", event.term())
                .put("job", event.jobId())
                .put("epoch", event.epoch())
                .put("step", event.step())
                .put("kind", event.event().getClass().getSimpleName())
                .put(
                        "text",
                        text.length() <= TEXT_LIMIT ? text : text.substring(0, TEXT_LIMIT) + " …");
    }
}
