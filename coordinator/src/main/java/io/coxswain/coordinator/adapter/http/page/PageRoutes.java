package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.picture.PictureJson;
import io.coxswain.web.EventSink;
import io.coxswain.web.Routes;
import io.coxswain.web.WebRequest;
import io.coxswain.web.WebResponse;

import java.io.ByteArrayOutputStream;
import java.util.concurrent.ThreadLocalRandom;

/** Adds the page, its files, its picture as JSON and its live stream to a server's routes. */
public final class PageRoutes {
    private PageRoutes() {}

    /** Adds {@code /}, {@code /assets/…}, {@code /api/v1/picture} and {@code /api/v1/events}. */
    public static void addTo(Routes.Builder routes, PageSource source) {
        PageAssets.addTo(routes);
        routes.get("/api/v1/picture", _ -> picture(source));
        var frames = new PageFrames(source::picture);
        // Sequence numbers are of one coordinator object; so are the ids made of them.
        String origin = Long.toHexString(ThreadLocalRandom.current().nextLong());
        routes.stream(
                "/api/v1/events", (request, sink) -> follow(request, sink, source, frames, origin));
    }

    private static WebResponse picture(PageSource source) {
        var bytes = new ByteArrayOutputStream(16_384);
        PictureJson.write(source.picture(), bytes);
        return WebResponse.ok("application/json", bytes.toByteArray());
    }

    private static void follow(
            WebRequest request, EventSink sink, PageSource source, PageFrames frames, String origin)
            throws Exception {
        String seen = request.header("last-event-id");
        new PageViewer(sink, frames, origin)
                .follow(source, seen == null ? request.query().get("after") : seen);
    }
}
