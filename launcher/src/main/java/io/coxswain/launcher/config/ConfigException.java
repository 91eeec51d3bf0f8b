package io.coxswain.launcher.config;

import java.util.List;

/** A file that cannot be used; every complaint begins with its place. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    private final List<String> complaints;

    public ConfigException(List<String> complaints) {
        super(String.join(System.lineSeparator(), complaints));
        this.complaints = List.copyOf(complaints);
    }

    public List<String> complaints() {
        return complaints;
    }
}
