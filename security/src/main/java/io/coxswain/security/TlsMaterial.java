package io.coxswain.security;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/** What the files held, checked: the key is the certificate's, and the certificate is valid now. */
record TlsMaterial(
        Identity identity,
        PrivateKey key,
        List<X509Certificate> chain,
        List<X509Certificate> authorities) {
    private static final byte[] PROBE = "coxswain".getBytes(StandardCharsets.UTF_8);

    /**
     * Reads and checks.
     *
     * @throws IOException the message names the file and says what to do
     */
    static TlsMaterial read(TlsFiles files, Instant now) throws IOException {
        List<X509Certificate> chain = PemFiles.certificates(files.certificate());
        X509Certificate own = chain.getFirst();
        Identity identity;
        try {
            identity = Identity.of(own);
        } catch (CertificateException wrong) {
            throw new IOException(files.certificate() + ": " + wrong.getMessage(), wrong);
        }
        if (now.isAfter(own.getNotAfter().toInstant())) {
            throw new IOException(
                    files.certificate()
                            + " expired on "
                            + own.getNotAfter().toInstant()
                            + ": issue another (coxswain certs issue)");
        }
        if (now.isBefore(own.getNotBefore().toInstant())) {
            throw new IOException(
                    files.certificate()
                            + " is valid from "
                            + own.getNotBefore().toInstant()
                            + " on, and it is "
                            + now
                            + ": check this machine's clock");
        }
        PrivateKey key = PemFiles.key(files.key(), keyAlgorithm(own));
        if (!matches(key, own)) {
            throw new IOException(
                    files.key()
                            + " is not the key of the certificate in "
                            + files.certificate()
                            + ": both must come from one coxswain certs issue");
        }
        return new TlsMaterial(identity, key, chain, PemFiles.certificates(files.authorities()));
    }

    /** When the certificate ends. */
    Instant expiry() {
        return chain.getFirst().getNotAfter().toInstant();
    }

    private static String keyAlgorithm(X509Certificate certificate) {
        return certificate.getPublicKey().getAlgorithm();
    }

    private static boolean matches(PrivateKey key, X509Certificate certificate) {
        String algorithm =
                switch (key.getAlgorithm()) {
                    case "EC" -> "SHA256withECDSA";
                    case "RSA" -> "SHA256withRSA";
                    default -> key.getAlgorithm();
                };
        try {
            Signature signer = Signature.getInstance(algorithm);
            signer.initSign(key);
            signer.update(PROBE);
            byte[] signature = signer.sign();
            signer.initVerify(certificate.getPublicKey());
            signer.update(PROBE);
            return signer.verify(signature);
        } catch (GeneralSecurityException impossible) {
            return false;
        }
    }
}
