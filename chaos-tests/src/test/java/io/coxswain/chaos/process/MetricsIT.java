package io.coxswain.chaos.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a real run with a real death tells a scraper. */
class MetricsIT {
    private static final Pattern ADDRESS = Pattern.compile("http://[^\\s/]+:\\d+/?");
    private static final Pattern TOLD = Pattern.compile("(?m)^# TYPE (\\S+) (\\S+)$");
    private static final Pattern ROW =
            Pattern.compile("\\| `(coxswain_[a-z0-9_]+)` \\| ([a-z]+) \\|.*");
    private static final Pattern CLOSED =
            Pattern.compile("(?m)^coxswain_detection_duration_seconds_count [1-9]");
    private static final String OPEN = "application/openmetrics-text";

    @Test
    void aScrapeHasWhatThePageOfMetricsListsAndTheIncident() throws Exception {
        Training.Started run =
                Training.digits(100_000)
                        .mesh(2, 1)
                        .spares(1)
                        .set("runtime.minStepMillis", 20)
                        .with("--http", "0")
                        .kill("1@step:20")
                        .start();
        try (HttpClient client = HttpClient.newHttpClient()) {
            run.awaitLine(line -> ADDRESS.matcher(line).find());
            Matcher address = ADDRESS.matcher(run.output());
            assertThat(address.find()).isTrue();
            String url = address.group().endsWith("/") ? address.group() : address.group() + "/";
            run.awaitLine(line -> line.contains("recovered in"));

            String text = scrape(client, url, "text/plain");
            while (!CLOSED.matcher(text).find()) {
                text = scrape(client, url, "text/plain");
            }
            assertThat(names(TOLD, text)).isEqualTo(listed());
            assertThat(text)
                    .containsPattern("coxswain_incidents_total\\{kind=\"host\"} [1-9]")
                    .contains("coxswain_leader 1.0")
                    .doesNotContain("agent-1");
            assertThat(text.length()).isLessThan(200_000);
            String open = scrape(client, url, OPEN);
            assertThat(open).endsWith("# EOF\n").contains("trace_id=\"");
            promtool(text);

            assertThat(get(client, url + "livez", "*/*").statusCode()).isEqualTo(200);
            assertThat(get(client, url + "readyz", "*/*").body()).contains("it leads with term 1");
            assertThat(get(client, url + "none", "*/*").statusCode()).isEqualTo(404);
            assertThat(get(client, url + "%2e%2e/etc/passwd", "*/*").statusCode()).isEqualTo(400);
            assertThat(run.process().isAlive()).isTrue();
        } finally {
            run.process().destroy();
            run.process().waitFor();
        }
    }

    private static void promtool(String text) throws IOException, InterruptedException {
        Optional<Path> tool =
                Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                        .map(folder -> Path.of(folder).resolve("promtool"))
                        .filter(Files::isExecutable)
                        .findFirst();
        if (tool.isEmpty()) {
            System.out.println(
                    "SKIPPED: promtool is not installed (apt-get install prometheus), so Prometheus"
                            + " did not check the scrape");
            return;
        }
        Process process =
                new ProcessBuilder(tool.get().toString(), "check", "metrics")
                        .redirectErrorStream(true)
                        .start();
        try (var in = process.getOutputStream()) {
            in.write(text.getBytes(StandardCharsets.UTF_8));
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }

    // The coordinator's: agents have ports of their own, and there are no certificates here.
    private static Set<String> listed() throws IOException {
        var rows = new TreeSet<String>();
        String section = "";
        for (String line : Files.readAllLines(Training.home().resolve("docs/metrics.md"))) {
            section = line.startsWith("## ") ? line : section;
            Matcher row = ROW.matcher(line);
            if (row.matches()
                    && !section.equals("## Agents")
                    && !line.contains("certificate_expiry")) {
                rows.add(row.group(1) + " " + row.group(2));
            }
        }
        return rows;
    }

    private static Set<String> names(Pattern pattern, String text) {
        var names = new TreeSet<String>();
        pattern.matcher(text)
                .results()
                .forEach(match -> names.add(match.group(1) + " " + match.group(2)));
        return names;
    }

    private static String scrape(HttpClient client, String url, String accept)
            throws IOException, InterruptedException {
        HttpResponse<String> answer = get(client, url + "metrics", accept);
        assertThat(answer.statusCode()).isEqualTo(200);
        return answer.body();
    }

    private static HttpResponse<String> get(HttpClient client, String url, String accept)
            throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(url)).header("Accept", accept).build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
