package io.coxswain.web.prometheus;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ExpositionTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/openmetrics-text",
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                "APPLICATION/OPENMETRICS-TEXT;VERSION=\"0.0.1\"",
                // Prometheus 2 and 3 as they ask.
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
                    + "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                        + "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;"
                        + "escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                "text/plain;q=0.5, application/openmetrics-text;q=0.5"
            })
    void openMetricsForWhoeverLikesItBest(String accept) {
        assertThat(Exposition.accepted(accept)).isEqualTo(Exposition.OPEN_METRICS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*/*",
                "",
                ",;,",
                "text/plain",
                "text/html,application/xhtml+xml,*/*;q=0.8",
                "application/json",
                "application/openmetrics-text;version=2.0.0",
                "application/openmetrics-text;q=0",
                "application/openmetrics-text;q=x",
                "application/openmetrics-text;q=0.4,text/plain;q=0.5"
            })
    void textForAllOthers(String accept) {
        assertThat(Exposition.accepted(accept)).isEqualTo(Exposition.TEXT);
    }

    @Test
    void textWhereNothingIsAsked() {
        assertThat(Exposition.accepted(null)).isEqualTo(Exposition.TEXT);
    }
}
