package io.coxswain.agent.worker;

/** Takes what is printed. Thread-safe. */
public interface PrintSink {
    /**
     * @param length how many of the bytes count
     */
    void write(byte[] bytes, int length);
}
