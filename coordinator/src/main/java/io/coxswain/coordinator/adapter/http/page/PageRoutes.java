package io.coxswain.coordinator.adapter.http.page;

import io.coxswain.coordinator.picture.PictureJson;
import io.coxswain.web.Routes;
import io.coxswain.web.WebResponse;

import java.io.ByteArrayOutputStream;

/** The page, its files, its picture as JSON and its live stream. */
public final class PageRoutes implements AutoCloseable {
    private final PageFeed feed;

    private PageRoutes(PageFeed feed) {
        this.feed = feed;
    }

    /**
     * Adds {@code /}, {@code /assets/…}, {@code /api/v1/picture} and {@code /api/v1/events} to a
     * server's routes. What it returns is closed after the server.
     */
    public static PageRoutes addTo(Routes.Builder routes, PageSource source) {
        PageAssets.addTo(routes);
        routes.get("/api/v1/picture", _ -> picture(source));
        var feed = new PageFeed(source);
        routes.stream("/api/v1/events", feed);
        return new PageRoutes(feed);
    }

    private static WebResponse picture(PageSource source) {
        var bytes = new ByteArrayOutputStream(16_384);
        PictureJson.write(source.picture(), bytes);
        return WebResponse.ok("application/json", bytes.toByteArray());
    }

    @Override
    public void close() {
        feed.close();
    }
}
