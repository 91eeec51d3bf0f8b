package io.coxswain.coordinator.adapter.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.coordinator.deploy.MetricTable;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** {@code docs/metrics.md} lists what a coordinator's scrape has, and nothing else. */
final class MetricsPageTest {
    @Test
    void everyMetricIsListedWithItsTypeAndLabels() throws IOException {
        var told = new TreeMap<String, String>();
        CoordinatorMetricsTest.fullScrape()
                .values()
                .forEach(family -> {
                    var labels = new TreeSet<String>();
                    family.samples.forEach(sample -> labels.addAll(sample.labels().keySet()));
                    labels.remove("le");
                    told.put(
                            family.name + (family.type.equals("counter") ? "_total" : ""),
                            family.type + " " + labels);
                });
        var listed = new TreeMap<String, String>();
        for (MetricTable.Row row : MetricTable.read().values()) {
            if (!row.section().equals("Agents")
                    && !Set.of("coxswain_certificate_expiry_timestamp_seconds")
                            .contains(row.name())) {
                listed.put(row.name(), row.type() + " " + row.labels());
            }
        }
        assertThat(told).isEqualTo(listed);
    }
}
