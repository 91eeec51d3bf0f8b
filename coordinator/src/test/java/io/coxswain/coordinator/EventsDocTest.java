package io.coxswain.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.coordinator.core.recovery.RecoveryReason;
import io.coxswain.coordinator.journal.JournalLine;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Holds {@code docs/events.md} against the code. */
final class EventsDocTest {
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    /** Rows of all tables: what the first cell names, to what the second does. */
    private static Map<String, List<String>> rows() throws IOException {
        var rows = new LinkedHashMap<String, List<String>>();
        for (String line : Files.readAllLines(Path.of("..", "docs", "events.md"))) {
            String[] cells = line.split("\\|", -1);
            if (cells.length >= 4 && cells[1].strip().matches("`[^`]+`")) {
                rows.put(
                        cells[1].strip().replace("`", ""),
                        CODE.matcher(cells[2]).results().map(found -> found.group(1)).toList());
            }
        }
        return rows;
    }

    private static List<String> fields(Class<?> type) {
        return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList();
    }

    @Test
    void everyKindAndItsFieldsAreThere() throws Exception {
        Map<String, List<String>> rows = rows();
        for (Class<?> kind : CoordinatorEvent.class.getPermittedSubclasses()) {
            assertThat(rows).containsEntry(kind.getSimpleName(), fields(kind));
        }
        for (Class<?> reason : RecoveryReason.class.getPermittedSubclasses()) {
            assertThat(rows).containsEntry(reason.getSimpleName(), fields(reason));
        }
        for (Class<?> part :
                List.of(
                        Incident.class,
                        Incident.Source.class,
                        Incident.Phases.class,
                        Incident.Stretch.class)) {
            assertThat(rows).containsEntry(part.getSimpleName(), fields(part));
        }
        assertThat(rows.keySet()).containsAll(fields(JournalLine.class));
        assertThat(rows)
                .containsEntry(JournalLine.OPENED, List.of("schema", "coordinator", "tornBytes"))
                .containsEntry(JournalLine.CLOSED, List.of());
        for (Incident.Kind kind : Incident.Kind.values()) {
            assertThat(rows).containsKey(kind.name());
        }
    }

    @Test
    void noKindIsToldThatDoesNotExist() throws Exception {
        List<String> known =
                Arrays.stream(CoordinatorEvent.class.getPermittedSubclasses())
                        .map(Class::getSimpleName)
                        .toList();
        boolean events = false;
        for (String line : Files.readAllLines(Path.of("..", "docs", "events.md"))) {
            events = line.startsWith("#") ? line.equals("## Kinds of events") : events;
            var named = Pattern.compile("^\\| `([A-Z]\\w+)` \\|").matcher(line);
            if (events && named.find() && !named.group(1).startsWith("Journal")) {
                assertThat(known).contains(named.group(1));
            }
        }
    }
}
