package io.coxswain.web;

/**
 * Tells one viewer what happens, at the viewer's own pace: it looks for the newest when the viewer
 * has taken what it was told before, so nobody has to queue for a slow one.
 */
@FunctionalInterface
public interface StreamHandler {
    /**
     * Follows on a virtual thread of its own, which is interrupted when the viewer goes or the
     * server closes. Returning ends the stream.
     *
     * @throws Exception trouble, which ends the stream; {@link java.io.IOException} and {@link
     *     InterruptedException} are the ordinary ways for it to end
     */
    void follow(WebRequest request, EventSink sink) throws Exception;
}
