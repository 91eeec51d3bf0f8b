package io.coxswain.launcher.config;

/**
 * Where a value was written.
 *
 * @param source the file's name, or the command-line option
 * @param line from 1; 0 when the source has no lines
 * @param column from 1
 */
public record Place(String source, int line, int column) {
    @Override
    public String toString() {
        return line == 0 ? source : source + ":" + line + ":" + column;
    }
}
