package io.coxswain.chaos.planning.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Test;

import java.util.List;

final class PlanTraceFileTest {
    private static final Fleet FLEET = new Fleet(32, 4, 2, 2);
    private static final long DAY = 86_400_000_000_000L;

    private static FailureTrace read(String... lines) throws ConfigException {
        return TraceFile.read("t.csv", List.of(lines), FLEET, DAY);
    }

    private static void refused(String complaint, String... lines) {
        assertThatThrownBy(() -> read(lines))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(complaint);
    }

    @Test
    void whatIsWrittenIsReadBack() throws Exception {
        FailureTrace drawn = FailureModel.llama3().scaled(10_000).draw(FLEET, DAY, 7);
        assertThat(drawn.failures()).hasSizeGreaterThan(50);
        assertThat(TraceFile.read("t.csv", TraceFile.write(drawn), FLEET, DAY)).isEqualTo(drawn);
    }

    @Test
    void commentsAndUnits() throws Exception {
        FailureTrace trace =
                read(
                        "# ours",
                        "at,component,scope,target,repair",
                        "",
                        "1.5h, gpu, agent, 31, 4h",
                        "2h,pdu,rack,7,30min");
        assertThat(trace.failures())
                .containsExactly(
                        new Failure(
                                5_400_000_000_000L, "gpu", Scope.AGENT, 31, 14_400_000_000_000L),
                        new Failure(7_200_000_000_000L, "pdu", Scope.RACK, 7, 1_800_000_000_000L));
    }

    @Test
    void whatASpreadsheetAddsIsPassedOver() throws Exception {
        FailureTrace trace = read("\uFEFF" + TraceFile.HEADER, "  # indented", "1h,a,agent,1,1h");
        assertThat(trace.failures()).hasSize(1);
    }

    @Test
    void repairsAreShortEnoughToBeAddedToATime() throws Exception {
        FailureTrace trace = read(TraceFile.HEADER, "1h,a,agent,1,106751d");
        assertThat(trace.failures().getFirst().repairNanos())
                .isLessThan(Long.MAX_VALUE / 2)
                .isGreaterThan(3_650 * DAY);
    }

    @Test
    void everyMistakeHasItsPlace() {
        String head = "at,component,scope,target,repair";
        refused("t.csv:3:1: field at: 1h is earlier", head, "2h,a,agent,1,1h", "1h,a,agent,1,1h");
        refused("t.csv:2:1: field at: '-3h': expected a time", head, "-3h,a,agent,1,1h");
        refused("2:1: field at: '200000d' is too much to count", head, "200000d,a,agent,1,1h");
        refused("t.csv:2:6: field scope: 'agnet' is none of", head, "1h,a,agnet,1,1h");
        refused("did you mean agent?", head, "1h,a,agnet,1,1h");
        refused("t.csv:2:12: field target: '32': expected 0 to 31", head, "1h,a,agent,32,1h");
        refused("a number of a rack", head, "1h,a,rack,8,1h");
        refused("t.csv:2:1: expected 5 fields", head, "1h,a,agent");
        refused("t.csv:1:1: expected the header", "time,what");
        refused("the trace is empty", "# nothing");
        refused("t.csv:2:14: field repair: 'soon'", head, "1h,a,agent,1,soon");
    }
}
