package io.coxswain.bridge.reference;

import java.io.IOException;

/**
 * A data file that is missing, cannot be read or is not a valid {@code CXDS} file; the message
 * names file and cure.
 */
public final class DataSetException extends IOException {
    private static final long serialVersionUID = 1L;

    DataSetException(String message) {
        super(message);
    }

    DataSetException(String message, IOException cause) {
        super(message, cause);
    }
}
