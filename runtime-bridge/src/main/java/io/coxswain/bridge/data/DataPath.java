package io.coxswain.bridge.data;

import io.coxswain.bridge.spi.RuntimeFault;

import java.net.URI;
import java.nio.file.Path;

/** The file that a job's {@code data} field names. */
public final class DataPath {
    private DataPath() {}

    /**
     * The file.
     *
     * @param data a path or a {@code file:} URI
     * @throws RuntimeFault with {@link RuntimeFault.Code#DATA_UNREADABLE} if it is neither
     */
    public static Path of(String data) throws RuntimeFault {
        try {
            return data.startsWith("file:") ? Path.of(URI.create(data)) : Path.of(data);
        } catch (IllegalArgumentException e) {
            throw new RuntimeFault(
                    RuntimeFault.Code.DATA_UNREADABLE,
                    "field `data` must be a path or a file: URI, not '%s'".formatted(data),
                    e);
        }
    }
}
