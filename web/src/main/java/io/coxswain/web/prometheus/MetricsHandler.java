package io.coxswain.web.prometheus;

import io.coxswain.web.WebHandler;
import io.coxswain.web.WebRequest;
import io.coxswain.web.WebResponse;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import java.io.ByteArrayOutputStream;
import java.io.IOException;

/** Answers a scrape from a registry. */
public final class MetricsHandler implements WebHandler {
    private final PrometheusMeterRegistry registry;
    private final Runnable refresh;

    /**
     * @param refresh brings the meters up to date; called before each scrape
     */
    public MetricsHandler(PrometheusMeterRegistry registry, Runnable refresh) {
        this.registry = registry;
        this.refresh = refresh;
    }

    @Override
    public WebResponse handle(WebRequest request) throws IOException {
        refresh.run();
        Exposition form = Exposition.accepted(request.header("accept"));
        var out = new ByteArrayOutputStream(64 << 10);
        registry.scrape(out, form.contentType());
        return WebResponse.ok(form.contentType(), out.toByteArray());
    }
}
