package io.coxswain.agent.worker;

/** Takes what is printed. Thread-safe. */
public interface PrintSink {
    /**
     * Takes a piece of output.
     *
     * @param length how many of the bytes count
     */
    void write(byte[] bytes, int length);
}
