package io.coxswain.web;

/**
 * Hears of the viewers of one stream. What they are told is offered to each; whoever was not ready
 * for it can be told something newer later, so nothing queues for the slow.
 */
@FunctionalInterface
public interface ViewerHandler {
    /**
     * A viewer came. On a virtual thread; after the return the viewer stays until it goes, is
     * closed, or the server closes.
     *
     * @throws Exception trouble, which ends the stream
     */
    void arrived(WebRequest request, Viewer viewer) throws Exception;
}
