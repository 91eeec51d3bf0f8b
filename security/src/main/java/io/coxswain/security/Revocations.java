package io.coxswain.security;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Certificates that were taken back before they ended, from a file of lines {@code sha256 HEX} (the
 * fingerprint) or {@code serial HEX}; what follows {@code #} counts for nothing. Lines as openssl
 * prints them count as well. Immutable.
 */
public final class Revocations {
    /** Nothing is taken back. */
    public static final Revocations NONE = new Revocations(Set.of(), Set.of());

    private static final long MOST_BYTES = 4 << 20;
    private static final int FINGERPRINT_DIGITS = 64;
    private static final int MOST_SERIAL_DIGITS = 64;
    private static final Pattern LINE =
            Pattern.compile("(sha256(?: fingerprint)?|serial)\\s*[ =:]\\s*([0-9a-f:]*[0-9a-f])");

    private final Set<String> fingerprints;
    private final Set<BigInteger> serials;

    private Revocations(Set<String> fingerprints, Set<BigInteger> serials) {
        this.fingerprints = Set.copyOf(fingerprints);
        this.serials = Set.copyOf(serials);
    }

    /**
     * Reads a file.
     *
     * @throws IOException if it cannot be read; the message says which line is wrong
     */
    public static Revocations read(Path file) throws IOException {
        List<String> lines;
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new IOException(
                        file + " is too long: a list of revoked certificates has at most 4 MiB");
            }
            lines = Files.readString(file, StandardCharsets.ISO_8859_1).lines().toList();
        } catch (NoSuchFileException absent) {
            throw new IOException("there is no file " + file, absent);
        }
        var fingerprints = new HashSet<String>();
        var serials = new HashSet<BigInteger>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            int comment = line.indexOf('#');
            String words = (comment < 0 ? line : line.substring(0, comment)).strip();
            if (!words.isEmpty() && !add(words, fingerprints, serials)) {
                throw new IOException(
                        file
                                + ":"
                                + (i + 1)
                                + ": expected sha256 and 64 hexadecimal digits, or serial and a"
                                + " hexadecimal number; coxswain certs revoke writes such lines");
            }
        }
        return new Revocations(fingerprints, serials);
    }

    private static boolean add(String words, Set<String> fingerprints, Set<BigInteger> serials) {
        Matcher parts = LINE.matcher(words.toLowerCase(Locale.ROOT));
        if (!parts.matches()) {
            return false;
        }
        String digits = parts.group(2).replace(":", "");
        if (parts.group(1).equals("serial")) {
            if (digits.length() > MOST_SERIAL_DIGITS) {
                return false;
            }
            serials.add(new BigInteger(digits, 16));
            return true;
        }
        if (digits.length() != FINGERPRINT_DIGITS) {
            return false;
        }
        fingerprints.add(digits);
        return true;
    }

    /**
     * Adds a certificate to a file, which is made if it is not there. Whoever reads it meanwhile
     * sees it as it was or as it will be.
     *
     * @return false: it stood there already
     * @throws IOException if the file cannot be read or written
     */
    public static boolean add(Path file, X509Certificate certificate) throws IOException {
        String before = "";
        if (Files.exists(file)) {
            if (read(file).contains(certificate)) {
                return false;
            }
            before = Files.readString(file, StandardCharsets.ISO_8859_1);
        }
        String line =
                "sha256 "
                        + fingerprint(certificate)
                        + " # "
                        + certificate.getSubjectX500Principal().getName().replaceAll("[^ -~]", "?")
                        + ", serial "
                        + certificate.getSerialNumber().toString(16)
                        + ", ends "
                        + certificate.getNotAfter().toInstant()
                        + "\n";
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        String gap = before.isEmpty() || before.endsWith("\n") ? "" : "\n";
        Files.writeString(fresh, before + gap + line, StandardCharsets.ISO_8859_1);
        Files.move(
                fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return true;
    }

    /** SHA-256 of a certificate's DER bytes, 64 digits. */
    public static String fingerprint(X509Certificate certificate) {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
        } catch (CertificateEncodingException | NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("no fingerprint of a certificate", impossible);
        }
    }

    /** Whether that certificate was taken back. */
    public boolean contains(X509Certificate certificate) {
        return (!serials.isEmpty() && serials.contains(certificate.getSerialNumber()))
                || (!fingerprints.isEmpty() && fingerprints.contains(fingerprint(certificate)));
    }

    /** How many entries there are. */
    public int size() {
        return fingerprints.size() + serials.size();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Revocations same
                && fingerprints.equals(same.fingerprints)
                && serials.equals(same.serials);
    }

    @Override
    public int hashCode() {
        return fingerprints.hashCode() + serials.hashCode();
    }
}
