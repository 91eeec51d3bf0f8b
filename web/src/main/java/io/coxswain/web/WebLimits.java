package io.coxswain.web;

import java.time.Duration;

/**
 * What one server lends to strangers at most.
 *
 * @param connections open at once; one more is told 503 and closed
 * @param connectionsOfOneHost the same of one address
 * @param exemptLoopback loopback addresses are many parties: of them only the bound in all counts
 * @param viewers of event streams at once, all streams together
 * @param requestLineBytes method, target and version
 * @param headerBytes all header fields of a request
 * @param headerFields how many
 * @param requestTime from the connection's first moment, or from the end of the last response, to
 *     the end of a request's header
 * @param responseTime a response that is not taken by then is cut off
 * @param viewerStall a viewer that has not taken a message after so long is dropped
 * @param heartbeat between comments to viewers, which keep middleboxes awake and find the dead
 */
public record WebLimits(
        int connections,
        int connectionsOfOneHost,
        boolean exemptLoopback,
        int viewers,
        int requestLineBytes,
        int headerBytes,
        int headerFields,
        Duration requestTime,
        Duration responseTime,
        Duration viewerStall,
        Duration heartbeat) {
    public WebLimits {
        positive("connections", connections);
        positive("connectionsOfOneHost", connectionsOfOneHost);
        positive("viewers", viewers);
        positive("requestLineBytes", requestLineBytes);
        positive("headerBytes", headerBytes);
        positive("headerFields", headerFields);
        positive("requestTime", requestTime.toMillis());
        positive("responseTime", responseTime.toMillis());
        positive("viewerStall", viewerStall.toMillis());
        positive("heartbeat", heartbeat.toMillis());
        if (viewers > connections) {
            throw new IllegalArgumentException(
                    viewers + " viewers need as many connections, and " + connections + " are set");
        }
    }

    /** Room for a few dozen people and scrapers. */
    public static WebLimits defaults() {
        return new WebLimits(
                256,
                128,
                true,
                64,
                4_096,
                16_384,
                100,
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(15),
                Duration.ofSeconds(10));
    }

    /** The same with other numbers of connections and viewers. */
    public WebLimits withConnections(int most, int mostViewers) {
        return new WebLimits(
                most,
                Math.min(most, connectionsOfOneHost),
                exemptLoopback,
                mostViewers,
                requestLineBytes,
                headerBytes,
                headerFields,
                requestTime,
                responseTime,
                viewerStall,
                heartbeat);
    }

    /** The same with another bound of one address. */
    public WebLimits withHosts(int mostOfOne, boolean sparesLoopback) {
        return new WebLimits(
                connections,
                mostOfOne,
                sparesLoopback,
                viewers,
                requestLineBytes,
                headerBytes,
                headerFields,
                requestTime,
                responseTime,
                viewerStall,
                heartbeat);
    }

    /** The same with other times for a request's header and a response. */
    public WebLimits withTimes(Duration request, Duration response) {
        return new WebLimits(
                connections,
                connectionsOfOneHost,
                exemptLoopback,
                viewers,
                requestLineBytes,
                headerBytes,
                headerFields,
                request,
                response,
                viewerStall,
                heartbeat);
    }

    /** The same with other times for viewers. */
    public WebLimits withViewer(Duration stall, Duration comments) {
        return new WebLimits(
                connections,
                connectionsOfOneHost,
                exemptLoopback,
                viewers,
                requestLineBytes,
                headerBytes,
                headerFields,
                requestTime,
                responseTime,
                stall,
                comments);
    }

    private static void positive(String what, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(what + " must be above 0, is " + value);
        }
    }
}
