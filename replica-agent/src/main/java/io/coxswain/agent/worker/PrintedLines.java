package io.coxswain.agent.worker;

/** Takes what one process of a worker prints, and knows the end of it. Thread-safe. */
interface PrintedLines extends PrintSink {
    /** The newest that was printed, at most so many bytes of it. */
    byte[] tail(int most);

    /** How many bytes have been printed. */
    long printed();

    /** What was printed since, or the end of it. */
    byte[] since(long before);

    /** Nothing more comes from this process. */
    default void end() {}
}
