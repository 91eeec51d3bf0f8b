package io.coxswain.security;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads PEM files. Messages say which file is wrong and what to do. */
public final class PemFiles {
    private static final long MAX_BYTES = 1 << 20;
    private static final int MAX_CERTIFICATES = 256;
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");

    private PemFiles() {}

    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Block(String label, byte[] bytes) {}

    /**
     * All certificates of a file, at least one.
     *
     * @throws IOException if there is none, or what there is cannot be read
     */
    public static List<X509Certificate> certificates(Path file) throws IOException {
        var found = new ArrayList<X509Certificate>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Block block : blocks(file)) {
                if (block.label().equals("CERTIFICATE")) {
                    found.add(
                            (X509Certificate)
                                    factory.generateCertificate(
                                            new ByteArrayInputStream(block.bytes())));
                }
            }
        } catch (CertificateException broken) {
            throw new IOException(
                    file + " holds a certificate that cannot be read: " + broken.getMessage(),
                    broken);
        }
        if (found.isEmpty() || found.size() > MAX_CERTIFICATES) {
            throw new IOException(
                    file
                            + " holds "
                            + found.size()
                            + " certificates; expected 1 to "
                            + MAX_CERTIFICATES
                            + " blocks of PEM between -----BEGIN CERTIFICATE----- and -----END"
                            + " CERTIFICATE-----");
        }
        return List.copyOf(found);
    }

    /**
     * The private key of a file.
     *
     * @param algorithm of the certificate's public key
     * @throws IOException if there is none, or it has another form
     */
    public static PrivateKey key(Path file, String algorithm) throws IOException {
        for (Block block : blocks(file)) {
            switch (block.label()) {
                case "PRIVATE KEY" -> {
                    try {
                        return KeyFactory.getInstance(algorithm)
                                .generatePrivate(new PKCS8EncodedKeySpec(block.bytes()));
                    } catch (GeneralSecurityException broken) {
                        throw new IOException(
                                file
                                        + " holds no private key of the kind that the certificate"
                                        + " has ("
                                        + algorithm
                                        + ")",
                                broken);
                    }
                }
                case "EC PRIVATE KEY", "RSA PRIVATE KEY" ->
                        throw new IOException(
                                file
                                        + " holds a key in an old form ("
                                        + block.label()
                                        + "); turn it into PKCS #8: openssl pkcs8 -topk8 -nocrypt"
                                        + " -in OLD -out NEW");
                case "ENCRYPTED PRIVATE KEY" ->
                        throw new IOException(
                                file
                                        + " holds an encrypted key; there is nobody to ask for its"
                                        + " password: decrypt it (openssl pkcs8 -in OLD -out NEW)"
                                        + " and let its mode 0600 protect it");
                default -> {
                    // Keys often stand behind parameters or certificates.
                }
            }
        }
        throw new IOException(
                file + " holds no private key; expected PEM with -----BEGIN PRIVATE KEY-----");
    }

    private static List<Block> blocks(Path file) throws IOException {
        String text = text(file);
        var blocks = new ArrayList<Block>();
        Matcher matcher = BLOCK.matcher(text);
        while (matcher.find()) {
            try {
                blocks.add(
                        new Block(
                                matcher.group(1),
                                Base64.getMimeDecoder().decode(matcher.group(2))));
            } catch (IllegalArgumentException broken) {
                throw new IOException(
                        file + " holds a block of PEM that is no Base64: " + broken.getMessage(),
                        broken);
            }
        }
        return blocks;
    }

    private static String text(Path file) throws IOException {
        try {
            long bytes = Files.size(file);
            if (bytes > MAX_BYTES) {
                throw new IOException(
                        file + " has " + bytes + " bytes; a PEM file of at most 1 MiB is expected");
            }
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException absent) {
            throw new IOException(
                    "there is no file "
                            + file
                            + "; coxswain certs init and coxswain certs issue make certificates",
                    absent);
        } catch (AccessDeniedException closed) {
            throw new IOException(
                    file + " cannot be read by the user that runs this: check its owner and mode",
                    closed);
        }
    }
}
