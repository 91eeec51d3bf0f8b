package io.coxswain.web.prometheus;

import org.jspecify.annotations.Nullable;

import java.util.Locale;

/** The two forms in which metrics are told, and which of them a scraper gets. */
public enum Exposition {
    /** Prometheus' text format. */
    TEXT("text/plain; version=0.0.4; charset=utf-8"),
    /** OpenMetrics, which carries exemplars. */
    OPEN_METRICS("application/openmetrics-text; version=1.0.0; charset=utf-8");

    private final String contentType;

    Exposition(String contentType) {
        this.contentType = contentType;
    }

    public String contentType() {
        return contentType;
    }

    /**
     * What an Accept field likes best; text for whoever accepts neither, as scrapers expect.
     *
     * @param accept null: there was none
     */
    public static Exposition accepted(@Nullable String accept) {
        double text = 0;
        double open = 0;
        for (String range : accept == null ? new String[0] : accept.split(",", -1)) {
            String[] parts = range.split(";", -1);
            double quality = quality(parts);
            switch (parts[0].strip().toLowerCase(Locale.ROOT)) {
                case "application/openmetrics-text" -> {
                    if (version(parts, "1.0.0") || version(parts, "0.0.1")) {
                        open = Math.max(open, quality);
                    }
                }
                case "text/plain" -> {
                    if (version(parts, "0.0.4")) {
                        text = Math.max(text, quality);
                    }
                }
                case "text/*", "*/*" -> text = Math.max(text, quality);
                default -> {
                    // Neither form.
                }
            }
        }
        return open > 0 && open >= text ? OPEN_METRICS : TEXT;
    }

    // No version is any.
    private static boolean version(String[] parts, String wanted) {
        for (String part : parts) {
            String parameter = part.strip().toLowerCase(Locale.ROOT).replace("\"", "");
            if (parameter.startsWith("version=")) {
                return parameter.equals("version=" + wanted);
            }
        }
        return true;
    }

    private static double quality(String[] parts) {
        for (String part : parts) {
            String parameter = part.strip().toLowerCase(Locale.ROOT);
            if (parameter.startsWith("q=")) {
                try {
                    double quality = Double.parseDouble(parameter.substring(2));
                    return quality >= 0 && quality <= 1 ? quality : 0;
                } catch (NumberFormatException unreadable) {
                    return 0;
                }
            }
        }
        return 1;
    }
}
