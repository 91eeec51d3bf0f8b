package io.coxswain.bridge.pjrt.plugins;

/** A plugin that cannot be used or installed; the message says what to do. */
public final class PluginException extends Exception {
    private static final long serialVersionUID = 1L;

    public PluginException(String message) {
        super(message);
    }

    public PluginException(String message, Throwable cause) {
        super(message, cause);
    }
}
