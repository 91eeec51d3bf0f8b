package io.coxswain.bridge.data;

import io.coxswain.bridge.spi.LineageSegment;

import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a committed history was trained on.
 *
 * @param seen samples, counted as often as they were consumed
 * @param distinctPerPass of each pass over the data, how many different samples
 */
public record ConsumedSamples(long seen, List<Long> distinctPerPass) {
    /** Copies the list. */
    public ConsumedSamples {
        distinctPerPass = List.copyOf(distinctPerPass);
    }

    /** Counts; takes a time that grows with the samples consumed. */
    public static ConsumedSamples of(SampleOrder order, List<LineageSegment> lineage) {
        int samples = order.samples();
        Map<Long, BitSet> passes = new TreeMap<>();
        long seen = 0;
        for (LineageSegment segment : lineage) {
            long from = (segment.firstStep() - 1) * order.batch();
            long to = segment.lastStep() * order.batch();
            for (long position = from; position < to; position++) {
                long pass = position / samples;
                passes.computeIfAbsent(pass, _ -> new BitSet(samples))
                        .set(order.sample(pass, (int) (position % samples)));
                seen++;
            }
        }
        return new ConsumedSamples(
                seen, passes.values().stream().map(pass -> (long) pass.cardinality()).toList());
    }
}
