package io.coxswain.launcher.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.SequencedEvent;
import io.coxswain.coordinator.core.event.CoordinatorEvent;
import io.coxswain.coordinator.core.event.Incident;
import io.coxswain.launcher.console.Terminal;
import io.coxswain.launcher.local.FaultSpec;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

class RunDisplayTest {
    private static final long SECOND = 1_000_000_000L;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final AtomicLong clock = new AtomicLong(50 * SECOND);

    private RunDisplay display(boolean interactive, boolean quiet) {
        var terminal =
                new Terminal(new PrintStream(out, true, StandardCharsets.UTF_8), interactive);
        return new RunDisplay(terminal, quiet, 5, 600, clock::get);
    }

    private String shown() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private static void tell(RunDisplay display, CoordinatorEvent event) {
        display.on(new SequencedEvent(1, 0, 0, 1, "job", 1, 0, event));
    }

    private static CoordinatorEvent steps(long step) {
        return new CoordinatorEvent.StepsCompleted("job", 1, step, step - 1, 0.5f, 120, 0.9);
    }

    @Test
    void linesComeEveryTwoSecondsWithoutATerminal() {
        RunDisplay display = display(false, false);

        for (int step = 1; step <= 100; step++) {
            clock.addAndGet(SECOND / 10);
            tell(display, steps(step));
        }

        assertThat(shown().lines())
                .hasSize(5)
                .first()
                .isEqualTo("step 1/600   loss 0.5000   120.0 steps/s   goodput 90.0%");
    }

    @Test
    void theBarIsDrawnAtMostTenTimesASecond() {
        RunDisplay display = display(true, false);

        for (int step = 1; step <= 100; step++) {
            clock.addAndGet(SECOND / 100);
            tell(display, steps(step));
        }

        assertThat(shown().split("step ", -1)).hasSizeBetween(10, 12);
        assertThat(shown()).contains("█").contains("\u001b[2K");
    }

    @Test
    void theLastStepIsAlwaysShown() {
        RunDisplay display = display(false, false);

        tell(display, steps(599));
        tell(display, steps(600));

        assertThat(shown()).contains("step 600/600");
    }

    @Test
    void quietShowsNothing() {
        RunDisplay display = display(true, true);

        display.starting();
        tell(display, steps(600));
        display.injected(new FaultSpec(FaultSpec.Victim.HOST, 1, 200, "execute", -1));

        assertThat(shown()).isEmpty();
        assertThat(display.lastStep()).isEqualTo(600);
    }

    @Test
    void anIncidentIsTimedAndSaysWhereTheStateCameFrom() {
        RunDisplay display = display(false, false);
        var phases =
                new Incident.Phases(20_000_000L, 3_000_000L, 1_000_000L, 150_000_000L, 40_000_000L);
        var sources =
                List.of(
                        new Incident.Source(0, "agent-0", "live", "agent-0", 0),
                        new Incident.Source(1, "agent-4", "peer-copy", "agent-4", 1_500_000),
                        new Incident.Source(2, "agent-2", "live", "agent-2", 0),
                        new Incident.Source(3, "agent-3", "fetched", "agent-1", 2_000));
        var incident =
                new Incident(
                        1,
                        "agent agent-1 lost: gone",
                        List.of("agent-1"),
                        199,
                        199,
                        0,
                        sources,
                        phases,
                        true,
                        Incident.Kind.HOST,
                        0,
                        List.of(),
                        null,
                        1,
                        null);

        tell(
                display,
                new CoordinatorEvent.IncidentProgressed("job", incident, Incident.Phase.FENCE, ""));
        tell(
                display,
                new CoordinatorEvent.IncidentProgressed(
                        "job", incident, Incident.Phase.RESTORE, ""));
        tell(display, new CoordinatorEvent.IncidentClosed("job", incident));

        assertThat(shown().lines())
                .containsExactly(
                        "!!! step 199: agent agent-1 lost: gone",
                        "    recovered in 214 ms: detect 20 ms, fence 3 ms, decide 1 ms, restore"
                                + " 150 ms, resume 40 ms",
                        "    ranks 0 and 2: kept the live state",
                        "    rank 1: agent-4 takes over with the copy that it held (1.5 MB),"
                                + " nothing crossed the network",
                        "    rank 3: agent-3 fetched it from the memory of agent-1 (2.0 kB)",
                        "    resumed at step 199, no step lost");
    }

    @Test
    void whyTheJobEndedIsKept() {
        RunDisplay display = display(false, false);

        tell(
                display,
                new CoordinatorEvent.JobFinished("job", false, "shard 1 has no instance left", ""));

        assertThat(display.failure()).isEqualTo("shard 1 has no instance left");
        assertThat(display.allShown()).isCompleted();
    }
}
