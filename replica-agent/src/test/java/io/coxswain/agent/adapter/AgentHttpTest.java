package io.coxswain.agent.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.agent.app.AgentPulse;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

final class AgentHttpTest {
    private static final Pattern TOLD = Pattern.compile("(?m)^# TYPE (\\S+) (\\S+)$");
    private static final Pattern ROW =
            Pattern.compile("(?m)^\\| `(coxswain_[a-z0-9_]+)` \\| ([a-z]+) \\|");

    private final Watched state = new Watched();

    private static final class Watched implements AgentHttp.State {
        private long nanos;
        private final AgentPulse pulse = new AgentPulse(() -> nanos);
        private boolean runs = true;
        private boolean connected = true;
        private boolean registered = true;
        private boolean attached = true;

        @Override
        public boolean loopRuns() {
            return runs;
        }

        @Override
        public AgentPulse pulse() {
            return pulse;
        }

        @Override
        public boolean zookeeperConnected() {
            return connected;
        }

        @Override
        public boolean registered() {
            return registered;
        }

        @Override
        public boolean attached() {
            return attached;
        }

        @Override
        public boolean workerRuns() {
            return true;
        }

        @Override
        public long arenaUsedBytes() {
            return 500;
        }

        @Override
        public long arenaBudgetBytes() {
            return 1_000;
        }
    }

    @Test
    void theScrapeHasWhatThePageOfMetricsLists() throws IOException, InterruptedException {
        try (var http = http()) {
            String scrape = get(http, "metrics").body();
            assertThat(scrape)
                    .contains("coxswain_agent_arena_used_bytes 500.0")
                    .contains("coxswain_agent_phase{phase=\"no_job\"} 1.0");
            var listed =
                    rows().stream()
                            .filter(row ->
                                    row.startsWith("coxswain_agent_")
                                            || row.startsWith("coxswain_zookeeper_connected ")
                                            || row.startsWith("coxswain_plaintext ")
                                            || row.startsWith("coxswain_refused_total ")
                                            || row.startsWith(
                                                    "coxswain_decision_loop_lag_seconds "))
                            .collect(Collectors.toCollection(TreeSet::new));
            assertThat(pairs(TOLD, scrape)).isEqualTo(listed);
        }
    }

    @Test
    void aliveIsTheLoopAlone() throws IOException, InterruptedException {
        try (var http = http()) {
            state.connected = false;
            state.attached = false;
            assertThat(get(http, "livez").statusCode()).isEqualTo(200);
            state.runs = false;
            assertThat(get(http, "livez").statusCode()).isEqualTo(503);
        }
    }

    @Test
    void readyTakesARegistrationAndALeader() throws IOException, InterruptedException {
        try (var http = http()) {
            assertThat(get(http, "readyz").statusCode()).isEqualTo(200);
            state.attached = false;
            assertThat(get(http, "readyz").body()).contains("no leader");
            state.registered = false;
            assertThat(get(http, "readyz").body()).contains("not registered");
            state.connected = false;
            HttpResponse<String> answer = get(http, "readyz");
            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.body()).contains("ZooKeeper");
        }
    }

    @Test
    void aPortInUseSaysWhatToDo() throws IOException {
        try (var taken = new ServerSocket(0)) {
            assertThatThrownBy(() ->
                            new AgentHttp(
                                    new AgentAssembly.HttpPort(
                                            "0.0.0.0", taken.getLocalPort(), List.of(), null),
                                    state))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("" + taken.getLocalPort());
        }
    }

    private AgentHttp http() throws IOException {
        return new AgentHttp(new AgentAssembly.HttpPort("127.0.0.1", 0, List.of(), null), state);
    }

    @Test
    void withATokenOnlyTheProbesAnswerToStrangers() throws IOException, InterruptedException {
        try (var http =
                new AgentHttp(
                        new AgentAssembly.HttpPort("127.0.0.1", 0, List.of(), "0123456789abcdef"),
                        state)) {
            assertThat(get(http, "metrics").statusCode()).isEqualTo(401);
            assertThat(get(http, "livez").statusCode()).isEqualTo(200);
            assertThat(get(http, "readyz").statusCode()).isEqualTo(200);
        }
    }

    private static Set<String> rows() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        Path page = here.resolve("docs/metrics.md");
        return pairs(
                ROW,
                Files.readString(Files.exists(page) ? page : here.resolve("../docs/metrics.md")));
    }

    private static Set<String> pairs(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map(AgentHttpTest::pair)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String pair(MatchResult match) {
        return match.group(1) + " " + match.group(2);
    }

    private static HttpResponse<String> get(AgentHttp http, String path)
            throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create(http.url() + path)).build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
