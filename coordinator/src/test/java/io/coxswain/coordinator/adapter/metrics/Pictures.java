package io.coxswain.coordinator.adapter.metrics;

import io.coxswain.coordinator.core.ledger.Category;
import io.coxswain.coordinator.picture.AgentPicture;
import io.coxswain.coordinator.picture.Blocked;
import io.coxswain.coordinator.picture.CopiesPicture;
import io.coxswain.coordinator.picture.Counters;
import io.coxswain.coordinator.picture.ExportsPicture;
import io.coxswain.coordinator.picture.IncidentPicture;
import io.coxswain.coordinator.picture.JobPicture;
import io.coxswain.coordinator.picture.Picture;
import io.coxswain.coordinator.picture.Reliability;
import io.coxswain.coordinator.picture.StepFigures;
import io.coxswain.coordinator.picture.Window;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Pictures of a run for tests. */
final class Pictures {
    private Pictures() {}

    static Picture leading(long sequence, @Nullable JobPicture job, int agents) {
        var all = new ArrayList<AgentPicture>();
        for (int i = 0; i < agents; i++) {
            boolean spare = i == agents - 1;
            all.add(
                    new AgentPicture(
                            "agent-" + i,
                            "incarnation-" + i,
                            "pod0/rack" + i / 16 + "/host" + i,
                            "host" + i,
                            spare ? "spare" : "ranked",
                            spare ? -1 : i,
                            "execute of step 7",
                            1,
                            1_000,
                            i == 0 ? 900 : 500,
                            "h".repeat(120)));
        }
        return new Picture(
                sequence,
                1_700_000_000_000L + sequence,
                "coordinator-1",
                "leading",
                4,
                new Blocked(true, "training: step 7 of 100", 1_700_000_000_000L, List.of(), ""),
                job,
                List.of(),
                all,
                1_000,
                3,
                "coordinator-1",
                "");
    }

    static JobPicture job(String id, String phase, long step, IncidentPicture... incidents) {
        var loss = new EnumMap<Category, BigInteger>(Category.class);
        long nanos = 0;
        for (Category category : Category.values()) {
            if (category != Category.PRODUCTIVE) {
                loss.put(category, BigInteger.valueOf(nanos));
            }
            nanos += 1_500_000_000L;
        }
        var windows = new ArrayList<Window>();
        for (String name : List.of("5m", "1h", "24h", "run")) {
            windows.add(new Window(name, 60_000_000_000L, BigInteger.TEN, 0.9, Map.of()));
        }
        return new JobPicture(
                id,
                "digits",
                phase,
                "",
                2,
                100,
                step,
                step - 1,
                1,
                20_000_000,
                1.25f,
                50,
                4,
                2,
                2,
                Map.of(),
                1_700_000_000_000L,
                60_000_000_000L,
                windows,
                List.of(),
                new Counters(
                        BigInteger.valueOf(step).multiply(BigInteger.valueOf(80_000_000)),
                        BigInteger.valueOf(160_000_000),
                        loss,
                        step,
                        2,
                        1,
                        1,
                        4_096,
                        8,
                        0,
                        5,
                        6,
                        2),
                new StepFigures(
                        20_000_000,
                        30_000_000,
                        19_000_000,
                        0.05,
                        BigInteger.ONE,
                        "none",
                        List.of()),
                new Reliability(1, 60, 1.5, 0.95, Double.NaN),
                new CopiesPicture(1, 1, List.of(), List.of(), "any one host", false),
                List.of(incidents),
                List.of(),
                new ExportsPicture(7, List.of()));
    }

    static IncidentPicture incident(int id, boolean closed, String phase, boolean planned) {
        return new IncidentPicture(
                id,
                "agent-1 was lost",
                List.of("agent-1"),
                5,
                5,
                0,
                1_700_000_000_000L,
                closed,
                planned,
                phase,
                Map.of("detect", 5_000_000L),
                "",
                BigInteger.ONE,
                "",
                List.of());
    }
}
