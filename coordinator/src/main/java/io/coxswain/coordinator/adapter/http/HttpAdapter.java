package io.coxswain.coordinator.adapter.http;

import io.coxswain.coordinator.adapter.http.page.PageRoutes;
import io.coxswain.coordinator.adapter.http.page.PageSource;
import io.coxswain.coordinator.adapter.metrics.CoordinatorMetrics;
import io.coxswain.coordinator.adapter.metrics.Exemplars;
import io.coxswain.coordinator.adapter.metrics.Readings;
import io.coxswain.security.WebEntry;
import io.coxswain.web.Routes;
import io.coxswain.web.WebServer;
import io.coxswain.web.prometheus.MetricsHandler;
import io.coxswain.web.prometheus.StrictRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.List;
import java.util.Set;

/** A coordinator's HTTP port, with a registry of its own for {@code /metrics}. Thread-safe. */
public final class HttpAdapter implements AutoCloseable {
    private final PrometheusMeterRegistry registry;
    private final CoordinatorMetrics metrics;
    private final PageRoutes pages;
    private final WebServer server;

    /**
     * Opens the port.
     *
     * @param port 0: a free one
     * @param names that requests may use for this host, besides those that are always right
     * @param token without which only the probes answer; null: none is needed
     * @param entry what stands before it
     * @throws IOException if it cannot be bound; the message says what to do
     */
    public HttpAdapter(
            String host,
            int port,
            List<String> names,
            @Nullable String token,
            WebEntry entry,
            Readings readings,
            Probes probes,
            PageSource page)
            throws IOException {
        var exemplars = new Exemplars();
        registry = StrictRegistry.make(exemplars);
        metrics =
                new CoordinatorMetrics(
                        registry, Tags.empty(), readings, exemplars, System::nanoTime);
        Routes.Builder routes =
                Routes.builder()
                        .get("/metrics", new MetricsHandler(registry, metrics::refresh))
                        .get("/livez", _ -> probes.live())
                        .get("/readyz", _ -> probes.ready());
        pages = PageRoutes.addTo(routes, page);
        WebServer.Builder made = WebServer.builder().bind(host, port).routes(routes.build());
        names.forEach(made::allowName);
        if (token != null) {
            made.token(token, Set.of("/livez", "/readyz"));
        }
        made.door(entry.gate(), entry.gate()::known);
        if (entry.tls() != null) {
            made.tls(entry.tls());
        }
        try {
            server = made.start();
        } catch (IOException failed) {
            registry.close();
            throw failed;
        }
    }

    /** Where a browser on this machine finds it. */
    public String url() {
        return server.url();
    }

    /** Where others find it who know this machine by that name. */
    public String urlFor(String host) {
        return server.urlFor(host);
    }

    /** What the registry of the endpoint is told. */
    public CoordinatorMetrics metrics() {
        return metrics;
    }

    @Override
    public void close() {
        server.close();
        pages.close();
        metrics.close();
        registry.close();
    }
}
