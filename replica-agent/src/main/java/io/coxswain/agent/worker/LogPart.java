package io.coxswain.agent.worker;

/**
 * A part of what the workers of a job printed on this host.
 *
 * @param bytes the part; not copied
 * @param worker which worker printed its end
 * @param offset how much that worker had printed by its end
 * @param skippedBytes what was asked for and is gone
 */
@SuppressWarnings("ArrayRecordComponent")
public record LogPart(byte[] bytes, long worker, long offset, long skippedBytes) {}
