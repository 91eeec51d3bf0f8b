package io.coxswain.coordinator.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The rules, the runbook, the dashboard and the page of metrics speak of the same things. */
final class RulesTest {
    private static final Pattern METRIC = Pattern.compile("coxswain_[a-z0-9_]+");
    private static final Pattern RECORDED = Pattern.compile("coxswain:[a-z0-9_:]+");
    private static final Pattern SECTION = Pattern.compile("(?m)^## (\\w+)$");

    private final Path root = MetricTable.root();
    private final String rules = read("deploy/prometheus/coxswain.rules.yml");

    RulesTest() throws IOException {}

    @Test
    void everyAlertSaysAllThatWhoeverIsWokenNeeds() throws IOException {
        assertThat(alerts()).hasSizeGreaterThan(20);
        for (String alert : alerts()) {
            String name = alert.lines().findFirst().orElseThrow();
            assertThat(alert)
                    .as(name)
                    .containsPattern("\n        for: \\d+[smhd]\n")
                    .containsPattern("\n          severity: (page|ticket|info)\n")
                    .containsPattern("\n          follows_plan: \"(yes|no)\"\n")
                    .containsPattern("\n          summary: \".+\"\n")
                    .contains("\n          description: >-\n")
                    .containsPattern(
                            "\n          runbook_url: docs/runbook.md#"
                                    + name.toLowerCase(Locale.ROOT)
                                    + "\n");
        }
    }

    @Test
    void theRunbookHasASectionForEachAlertAndNoOther() throws IOException {
        String runbook = read("docs/runbook.md");
        var sections = new ArrayList<String>();
        Matcher section = SECTION.matcher(runbook);
        while (section.find()) {
            sections.add(section.group(1));
        }
        assertThat(sections).containsExactlyInAnyOrderElementsOf(names());
        for (String part : runbook.split("(?m)^## ", -1)) {
            if (part.startsWith("Coxswain")) {
                assertThat(part)
                        .contains("**Means:**")
                        .contains("**Look at:**")
                        .contains("**Do:**");
            }
        }
    }

    @Test
    void whatFollowsAPlanIsLeftOutOfTheRulesAndInhibited() throws IOException {
        for (String alert : alerts()) {
            assertThat(alert.contains("unless on (cluster) coxswain:planned_incident:recent"))
                    .as(alert)
                    .isEqualTo(alert.contains("follows_plan: \"yes\""));
        }
        assertThat(read("deploy/prometheus/alertmanager.yml"))
                .contains("alertname = \"CoxswainPlannedIncident\"")
                .contains("follows_plan = \"yes\"");
    }

    @Test
    void everyMetricThatARuleTheRunbookOrThePagesNamesExists() throws IOException {
        for (String file :
                List.of(
                        "deploy/prometheus/coxswain.rules.yml",
                        "deploy/prometheus/tests/alerts.yml",
                        "deploy/prometheus/tests/account.yml",
                        "deploy/prometheus/tests/burn.yml",
                        "docs/runbook.md",
                        "deploy/grafana/coxswain.json")) {
            assertThat(names(METRIC, read(file))).as(file).isSubsetOf(exposed());
        }
    }

    @Test
    void everyRecordedSeriesThatIsUsedIsRecorded() throws IOException {
        Set<String> recorded =
                Pattern.compile("- record: (\\S+)")
                        .matcher(rules)
                        .results()
                        .map(m -> m.group(1))
                        .collect(Collectors.toSet());
        assertThat(names(RECORDED, rules)).isEqualTo(new TreeSet<>(recorded));
        assertThat(names(RECORDED, read("deploy/grafana/coxswain.json"))).isSubsetOf(recorded);
    }

    @Test
    void theDashboardIsOneThatGrafanaReads() throws IOException {
        JsonNode dashboard = JsonMapper.shared().readTree(read("deploy/grafana/coxswain.json"));
        assertThat(dashboard.get("title").asString()).isEqualTo("Coxswain");
        var ids = new TreeSet<Integer>();
        for (JsonNode panel : dashboard.get("panels")) {
            assertThat(ids.add(panel.get("id").asInt())).isTrue();
            assertThat(panel.get("title").asString()).isNotBlank();
            assertThat(panel.get("description").asString()).isNotBlank();
            assertThat(panel.get("targets").size()).isPositive();
            for (JsonNode target : panel.get("targets")) {
                assertThat(target.get("expr").asString()).contains("coxswain");
            }
        }
        assertThat(ids).hasSizeGreaterThan(15);
    }

    @Test
    void everyAlertFiresInATest() throws IOException {
        String tests =
                read("deploy/prometheus/tests/alerts.yml")
                        + read("deploy/prometheus/tests/account.yml")
                        + read("deploy/prometheus/tests/burn.yml");
        for (String alert : names()) {
            assertThat(tests).contains("alertname=\"" + alert + "\"");
        }
    }

    // Histograms are told as three series.
    private static Set<String> exposed() throws IOException {
        var exposed = new TreeSet<String>();
        for (MetricTable.Row row : MetricTable.read().values()) {
            exposed.add(row.name());
            if (row.type().equals("histogram")) {
                for (String end : List.of("_bucket", "_count", "_sum")) {
                    exposed.add(row.name() + end);
                }
            }
        }
        return exposed;
    }

    private List<String> names() {
        return alerts().stream().map(alert -> alert.lines().findFirst().orElseThrow()).toList();
    }

    private List<String> alerts() {
        var alerts = new ArrayList<String>();
        String[] parts = rules.split("      - alert: ", -1);
        for (int i = 1; i < parts.length; i++) {
            alerts.add(parts[i].split("\n\n", -1)[0] + "\n");
        }
        return alerts;
    }

    private static Set<String> names(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map(match -> match.group())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private String read(String file) throws IOException {
        return Files.readString(root.resolve(file));
    }
}
