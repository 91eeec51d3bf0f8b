package io.coxswain.launcher.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.coxswain.launcher.audit.RandomLog.Line;
import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** {@link RunHistory} against {@link NaiveAccount}, on runs from seeds. */
class RunHistoryRandomTest {
    private static final int SEEDS = 1_000;
    private static final long MILLI = 1_000_000;

    @Test
    void saysOfEveryRunWhatTheNaiveAccountSays() throws Exception {
        for (long seed = 1; seed <= SEEDS; seed++) {
            List<Line> lines = new RandomLog(seed, 0).lines();
            agree(seed, lines, audit(lines).run());
        }
    }

    @Test
    void entriesOfOneInstantMayComeInAnyOrderThatMakesSense() throws Exception {
        for (long seed = 1; seed <= SEEDS; seed++) {
            List<Line> lines = new RandomLog(seed, 1).lines();
            agree(seed, lines, audit(RandomLog.shuffled(lines, seed)).run());
        }
    }

    @Test
    void theOthersFigureIsExplainedToTheMicrosecond() throws Exception {
        for (long seed = 1; seed <= SEEDS; seed++) {
            Audit audit = audit(new RandomLog(seed, 0).lines());
            double explained =
                    audit.mlGoodput().differences().stream()
                            .mapToDouble(MlGoodputView.Difference::seconds)
                            .sum();
            double difference =
                    audit.mlGoodput().count().productiveSeconds()
                            - audit.run().nanos(AuditCategory.PRODUCTIVE) / 1e9;
            assertThat(explained).as("seed %d", seed).isCloseTo(difference, within(5e-6));
        }
    }

    private static Audit audit(List<Line> lines) throws ConfigException, IOException {
        var pipeline = new Audit.Pipeline("random", _ -> {});
        byte[] json = RandomLog.json(lines).getBytes(StandardCharsets.UTF_8);
        LogReader.read("random", new ByteArrayInputStream(json), pipeline.history()::accept);
        return pipeline.finish();
    }

    private static void agree(long seed, List<Line> lines, RunAudit audit) {
        var naive = new NaiveAccount(lines);
        var millis = new TreeMap<String, Long>();
        audit.byWall().forEach((category, nanos) -> millis.put(category.key(), nanos / MILLI));
        assertThat(millis).as("seed %d: %s", seed, lines).isEqualTo(naive.millis);
        Map<AuditCategory, BigInteger> byWorker = audit.byWorker();
        if (byWorker != null) {
            var workerMillis = new TreeMap<String, Long>();
            byWorker.forEach((category, nanos) ->
                    workerMillis.put(category.key(), nanos.longValueExact() / MILLI));
            assertThat(workerMillis).as("seed %d", seed).isEqualTo(naive.workerMillis);
        }
        assertThat(audit.usefulSteps()).as("seed %d", seed).isEqualTo(naive.usefulSteps);
    }
}
