package io.coxswain.launcher;

/**
 * A subcommand of {@code coxswain} that another module brings. Whoever stands on the class path and
 * names itself in {@code META-INF/services} is part of the command, its help and its completion;
 * the launcher knows none of them. Implementations have a public constructor without arguments.
 */
public interface CommandProvider {
    /** The word after {@code coxswain}. */
    String name();

    /** A new object of a class with picocli's {@code @Command}. */
    Object command();
}
