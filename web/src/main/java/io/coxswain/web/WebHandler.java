package io.coxswain.web;

/** Answers one route. It runs on a virtual thread and may block for a while; it is thread-safe. */
@FunctionalInterface
public interface WebHandler {
    /**
     * The answer; for HEAD its body is left out.
     *
     * @throws Exception a bug or trouble: it is logged and the client gets a bare 500
     */
    WebResponse handle(WebRequest request) throws Exception;
}
