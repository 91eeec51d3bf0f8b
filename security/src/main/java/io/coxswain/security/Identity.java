package io.coxswain.security;

import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who a certificate says that its holder is: the URI {@code coxswain://ROLE/NAME} among its subject
 * alternative names. The subject's common name counts for nothing.
 *
 * @param name 1 to 64 of {@code A-Z a-z 0-9 . _ -}; of an agent, its id
 */
public record Identity(Role role, String name) {
    private static final String SCHEME = "coxswain://";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Pattern URI = Pattern.compile(SCHEME + "([a-z]+)/([A-Za-z0-9._-]{1,64})");
    private static final int TYPE_URI = 6;

    /** Checks the name. */
    public Identity {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'"
                            + name
                            + "' is no name for a certificate; expected 1 to 64 of the characters"
                            + " A-Z a-z 0-9 . _ -");
        }
    }

    /** As it stands in the certificate. */
    public String uri() {
        return SCHEME + role.word() + "/" + name;
    }

    /**
     * Reads a certificate.
     *
     * @throws CertificateException if it names nobody, several, or an unknown role
     */
    public static Identity of(X509Certificate certificate) throws CertificateException {
        List<String> uris = uris(certificate);
        String subject = certificate.getSubjectX500Principal().getName();
        if (uris.isEmpty()) {
            throw new CertificateException(
                    "the certificate of '"
                            + subject
                            + "' names no role: among its subject alternative names there must be a"
                            + " URI "
                            + SCHEME
                            + "ROLE/NAME (coxswain certs issue makes such certificates)");
        }
        if (uris.size() > 1) {
            throw new CertificateException(
                    "the certificate of '"
                            + subject
                            + "' names "
                            + uris.size()
                            + " roles; expected one URI "
                            + SCHEME
                            + "ROLE/NAME");
        }
        Matcher parts = URI.matcher(uris.getFirst());
        if (parts.matches()) {
            Role role = Role.of(parts.group(1)).orElse(null);
            if (role != null) {
                return new Identity(role, parts.group(2));
            }
        }
        throw new CertificateException(
                "the certificate of '"
                        + subject
                        + "' names '"
                        + shortened(uris.getFirst())
                        + "'; expected "
                        + SCHEME
                        + "ROLE/NAME with a role of "
                        + String.join(", ", Role.words()));
    }

    private static List<String> uris(X509Certificate certificate)
            throws CertificateParsingException {
        Collection<List<?>> names = certificate.getSubjectAlternativeNames();
        var uris = new ArrayList<String>();
        if (names != null) {
            for (List<?> name : names) {
                if (Integer.valueOf(TYPE_URI).equals(name.get(0))
                        && name.get(1) instanceof String uri
                        && uri.startsWith(SCHEME)) {
                    uris.add(uri);
                }
            }
        }
        return uris;
    }

    private static String shortened(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }

    @Override
    public String toString() {
        return role.word() + " " + name;
    }
}
