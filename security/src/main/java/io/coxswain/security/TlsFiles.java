package io.coxswain.security;

import java.nio.file.Path;

/**
 * The PEM files of one participant. They are read again when they change, so a certificate is
 * replaced without a restart: new connections take the new one.
 *
 * @param certificate its own certificate, then what stands between it and the authority, if any
 * @param key its private key, PKCS #8, not encrypted
 * @param authorities certificates of the authorities whose word counts about others
 */
public record TlsFiles(Path certificate, Path key, Path authorities) {
    /** Of the certificate in a folder. */
    public static final String CERTIFICATE = "cert.pem";

    /** Of the private key in a folder. */
    public static final String KEY = "key.pem";

    /** Of the authorities in a folder. */
    public static final String AUTHORITIES = "ca.pem";

    /** {@code cert.pem}, {@code key.pem} and {@code ca.pem} of a folder. */
    public static TlsFiles in(Path folder) {
        return new TlsFiles(
                folder.resolve(CERTIFICATE), folder.resolve(KEY), folder.resolve(AUTHORITIES));
    }
}
