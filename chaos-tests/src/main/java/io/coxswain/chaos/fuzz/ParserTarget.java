package io.coxswain.chaos.fuzz;

import java.util.List;
import java.util.Set;

/** A parser that is one call. */
final class ParserTarget implements FuzzTarget {
    /** The call; what it gives back does not matter. */
    interface Parser {
        void parse(byte[] input) throws Exception;
    }

    private final String name;
    private final int weight;
    private final List<byte[]> seeds;
    private final Set<Class<? extends Throwable>> refusals;
    private final Parser parser;

    ParserTarget(
            String name,
            int weight,
            List<byte[]> seeds,
            Set<Class<? extends Throwable>> refusals,
            Parser parser) {
        this.name = name;
        this.weight = weight;
        this.seeds = seeds;
        this.refusals = refusals;
        this.parser = parser;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int weight() {
        return weight;
    }

    @Override
    public List<byte[]> seeds() {
        return seeds;
    }

    @Override
    public void feed(byte[] input) throws Exception {
        parser.parse(input);
    }

    // Exactly these: a subclass, such as a NumberFormatException, is nobody's word.
    @Override
    public boolean isRefusal(Throwable thrown) {
        return refusals.contains(thrown.getClass());
    }
}
