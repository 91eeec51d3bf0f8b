package io.coxswain.coordinator;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.recovery.RecoveryReason;
import io.coxswain.coordinator.core.view.IntervalReason;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Events as JSON and back. The core knows nothing of JSON, so its types are described here. */
final class EventJson {
    private static final JsonMapper MAPPER =
            JsonMapper.builder()
                    .addMixIn(RecoveryReason.class, ReasonJson.class)
                    .addMixIn(IntervalReason.class, IntervalReasonJson.class)
                    .build();
    private static final Map<String, Class<? extends CoordinatorEvent>> KINDS = kinds();

    /** Its data, its type's name and, for readers that do not know the type, its words. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = RecoveryReason.FromSeed.class, name = "FromSeed"),
        @JsonSubTypes.Type(value = RecoveryReason.NewestHeldByAll.class, name = "NewestHeldByAll"),
        @JsonSubTypes.Type(value = RecoveryReason.TooFewReady.class, name = "TooFewReady"),
        @JsonSubTypes.Type(value = RecoveryReason.NoCommonStep.class, name = "NoCommonStep"),
        @JsonSubTypes.Type(value = RecoveryReason.Former.class, name = "Former")
    })
    private interface ReasonJson {
        @JsonProperty(value = "text", access = JsonProperty.Access.READ_ONLY)
        String text();
    }

    /** The same of a snapshot interval's reason. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = IntervalReason.NotMeasured.class, name = "NotMeasured"),
        @JsonSubTypes.Type(value = IntervalReason.EachStep.class, name = "EachStep"),
        @JsonSubTypes.Type(value = IntervalReason.FailureRate.class, name = "FailureRate"),
        @JsonSubTypes.Type(value = IntervalReason.NextToNothing.class, name = "NextToNothing"),
        @JsonSubTypes.Type(value = IntervalReason.CopyTime.class, name = "CopyTime")
    })
    interface IntervalReasonJson {
        @JsonProperty(value = "text", access = JsonProperty.Access.READ_ONLY)
        String text();

        @JsonIgnore
        boolean isMeasured();
    }

    private EventJson() {}

    private static Map<String, Class<? extends CoordinatorEvent>> kinds() {
        var kinds = new LinkedHashMap<String, Class<? extends CoordinatorEvent>>();
        for (Class<?> kind : CoordinatorEvent.class.getPermittedSubclasses()) {
            kinds.put(kind.getSimpleName(), kind.asSubclass(CoordinatorEvent.class));
        }
        return kinds;
    }

    static String of(CoordinatorEvent event) {
        return MAPPER.writeValueAsString(event);
    }

    static List<String> names() {
        return KINDS.keySet().stream().sorted().toList();
    }

    static @Nullable CoordinatorEvent parse(String kind, String json) {
        Class<? extends CoordinatorEvent> type = KINDS.get(kind);
        if (type == null) {
            return null;
        }
        try {
            return MAPPER.readValue(json, type);
        } catch (JacksonException broken) {
            throw new IllegalArgumentException(
                    "not the data of a " + kind + ": " + broken.getOriginalMessage(), broken);
        } catch (NullPointerException missing) {
            // A record's own check of what is not there.
            throw new IllegalArgumentException(
                    "not the data of a " + kind + ": a field is missing", missing);
        }
    }
}
