package io.coxswain.security;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;

/**
 * The PEM files of one participant. They are read again when they change, so a certificate is
 * replaced without a restart: new connections take the new one.
 *
 * @param certificate its own certificate, then what stands between it and the authority, if any
 * @param key its private key, PKCS #8, not encrypted
 * @param authorities certificates of the authorities whose word counts about others
 * @param revoked certificates that were taken back ({@link Revocations}); null: none is. A file
 *     that is not there says nothing until it is there
 */
public record TlsFiles(Path certificate, Path key, Path authorities, @Nullable Path revoked) {
    /** Of the certificate in a folder. */
    public static final String CERTIFICATE = "cert.pem";

    /** Of the private key in a folder. */
    public static final String KEY = "key.pem";

    /** Of the authorities in a folder. */
    public static final String AUTHORITIES = "ca.pem";

    /** Of the list of certificates that were taken back in a folder; it need not be there. */
    public static final String REVOKED = "revoked.txt";

    /** Nothing is taken back. */
    public TlsFiles(Path certificate, Path key, Path authorities) {
        this(certificate, key, authorities, null);
    }

    /** {@code cert.pem}, {@code key.pem}, {@code ca.pem} and {@code revoked.txt} of a folder. */
    public static TlsFiles in(Path folder) {
        return new TlsFiles(
                folder.resolve(CERTIFICATE),
                folder.resolve(KEY),
                folder.resolve(AUTHORITIES),
                folder.resolve(REVOKED));
    }
}
