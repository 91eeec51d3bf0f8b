package io.coxswain.security.authority;

import io.coxswain.security.Identity;
import io.coxswain.security.PemFiles;
import io.coxswain.security.TlsFiles;

import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.regex.Pattern;

/**
 * Makes certificates with roles: keys on P-256, signatures ECDSA with SHA-256. It keeps no list of
 * what it issued and revokes nothing: certificates are short-lived and replaced while everything
 * runs.
 */
public final class CertificateAuthority {
    /** Of the authority's private key in its folder. */
    public static final String AUTHORITY_KEY = "ca-key.pem";

    /** Longest life of a certificate. */
    public static final Duration LONGEST = Duration.ofDays(36_500);

    private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);
    private static final Pattern HOST =
            Pattern.compile("[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\\.[A-Za-z0-9_-]+)*");
    private static final int HOST_LENGTH = 253;
    private static final int SERIAL_BITS = 127;

    private final X509Certificate certificate;
    private final PrivateKey key;
    private final InstantSource clock;

    private CertificateAuthority(X509Certificate certificate, PrivateKey key, InstantSource clock) {
        this.certificate = certificate;
        this.key = key;
        this.clock = clock;
    }

    /**
     * Makes an authority: {@code ca.pem} and {@code ca-key.pem} in a folder, which is made if it is
     * not there.
     *
     * @param name for people; stands in every certificate as its issuer
     * @throws IOException if either file is there, or cannot be written; nothing is overwritten
     */
    public static CertificateAuthority create(
            Path folder, String name, Duration life, InstantSource clock) throws IOException {
        var files = new NewFiles(folder);
        files.plan(TlsFiles.AUTHORITIES, AUTHORITY_KEY);
        KeyPair pair = keyPair();
        X500Name subject = name(name, "authority");
        Instant now = now(clock);
        try {
            var utils = new JcaX509ExtensionUtils();
            X509v3CertificateBuilder builder =
                    builder(subject, now, now.plus(life), subject, pair.getPublic())
                            .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
                            .addExtension(
                                    Extension.keyUsage,
                                    true,
                                    new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
                            .addExtension(
                                    Extension.subjectKeyIdentifier,
                                    false,
                                    utils.createSubjectKeyIdentifier(pair.getPublic()));
            files.write(AUTHORITY_KEY, "PRIVATE KEY", pair.getPrivate().getEncoded(), true);
            files.write(
                    TlsFiles.AUTHORITIES, "CERTIFICATE", signed(builder, pair.getPrivate()), false);
            files.done();
        } catch (GeneralSecurityException | OperatorCreationException impossible) {
            throw new IOException("this JDK cannot make a certificate: " + impossible, impossible);
        } finally {
            files.close();
        }
        return open(folder, clock);
    }

    /**
     * The authority of a folder.
     *
     * @throws IOException if there is none, or it has ended
     */
    public static CertificateAuthority open(Path folder, InstantSource clock) throws IOException {
        X509Certificate certificate =
                PemFiles.certificates(folder.resolve(TlsFiles.AUTHORITIES)).getFirst();
        if (certificate.getNotAfter().toInstant().isBefore(clock.instant())) {
            throw new IOException(
                    "the authority in "
                            + folder
                            + " ended on "
                            + certificate.getNotAfter().toInstant()
                            + "; make another in another folder with coxswain certs init, and let"
                            + " the ca.pem of everybody name both for a while");
        }
        return new CertificateAuthority(
                certificate,
                PemFiles.key(
                        folder.resolve(AUTHORITY_KEY), certificate.getPublicKey().getAlgorithm()),
                clock);
    }

    /** When the authority's own certificate ends. */
    public Instant ends() {
        return certificate.getNotAfter().toInstant();
    }

    /**
     * Issues a certificate: {@code cert.pem}, {@code key.pem} (mode 0600) and {@code ca.pem} in a
     * folder, which is made if it is not there.
     *
     * @param hosts names and addresses of the holder, for clients that look at them; Coxswain's own
     *     know peers by role and name
     * @param life ends with the authority at the latest
     * @return when it ends
     * @throws IOException if one of the files is there, or cannot be written; nothing is
     *     overwritten
     */
    public Instant issue(Identity identity, Collection<String> hosts, Duration life, Path into)
            throws IOException {
        var names = new ArrayList<GeneralName>();
        names.add(new GeneralName(GeneralName.uniformResourceIdentifier, identity.uri()));
        hosts.forEach(host -> names.add(hostName(host)));
        var files = new NewFiles(into);
        files.plan(TlsFiles.CERTIFICATE, TlsFiles.KEY, TlsFiles.AUTHORITIES);
        KeyPair pair = keyPair();
        Instant now = now(clock);
        Instant wanted = now.plus(life);
        Instant end = wanted.isAfter(ends()) ? ends() : wanted;
        try {
            var utils = new JcaX509ExtensionUtils();
            X509v3CertificateBuilder builder =
                    builder(
                                    X500Name.getInstance(
                                            certificate.getSubjectX500Principal().getEncoded()),
                                    now,
                                    end,
                                    name(identity.name(), identity.role().word()),
                                    pair.getPublic())
                            .addExtension(
                                    Extension.basicConstraints, true, new BasicConstraints(false))
                            .addExtension(
                                    Extension.keyUsage,
                                    true,
                                    new KeyUsage(KeyUsage.digitalSignature))
                            .addExtension(
                                    Extension.extendedKeyUsage,
                                    false,
                                    new ExtendedKeyUsage(
                                            new KeyPurposeId[] {
                                                KeyPurposeId.id_kp_clientAuth,
                                                KeyPurposeId.id_kp_serverAuth
                                            }))
                            .addExtension(
                                    Extension.subjectAlternativeName,
                                    false,
                                    new GeneralNames(names.toArray(GeneralName[]::new)))
                            .addExtension(
                                    Extension.subjectKeyIdentifier,
                                    false,
                                    utils.createSubjectKeyIdentifier(pair.getPublic()))
                            .addExtension(
                                    Extension.authorityKeyIdentifier,
                                    false,
                                    utils.createAuthorityKeyIdentifier(certificate.getPublicKey()));
            files.write(TlsFiles.KEY, "PRIVATE KEY", pair.getPrivate().getEncoded(), true);
            files.write(TlsFiles.CERTIFICATE, "CERTIFICATE", signed(builder, key), false);
            files.write(TlsFiles.AUTHORITIES, "CERTIFICATE", certificate.getEncoded(), false);
            files.done();
        } catch (GeneralSecurityException | OperatorCreationException impossible) {
            throw new IOException("this JDK cannot make a certificate: " + impossible, impossible);
        } finally {
            files.close();
        }
        return end;
    }

    /**
     * Checks a host for {@link #issue}.
     *
     * @throws IllegalArgumentException if it is neither a name nor an address
     */
    public static void checkHost(String host) {
        var _ = hostName(host);
    }

    private static GeneralName hostName(String host) {
        try {
            var _ = InetAddress.ofLiteral(host);
            return new GeneralName(GeneralName.iPAddress, host);
        } catch (IllegalArgumentException noAddress) {
            if (host.length() <= HOST_LENGTH && HOST.matcher(host).matches()) {
                return new GeneralName(GeneralName.dNSName, host);
            }
            throw new IllegalArgumentException(
                    "'"
                            + host
                            + "' is neither a host name nor an address; expected something like"
                            + " coordinator.example or 10.0.0.5",
                    noAddress);
        }
    }

    private static X509v3CertificateBuilder builder(
            X500Name issuer, Instant from, Instant end, X500Name subject, PublicKey holder) {
        return new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(SERIAL_BITS, new SecureRandom()).add(BigInteger.ONE),
                Date.from(from.minus(CLOCK_SKEW)),
                Date.from(end),
                subject,
                holder);
    }

    private static X500Name name(String common, String unit) {
        return new X500NameBuilder(BCStyle.INSTANCE)
                .addRDN(BCStyle.O, "Coxswain")
                .addRDN(BCStyle.OU, unit)
                .addRDN(BCStyle.CN, common)
                .build();
    }

    private static byte[] signed(X509v3CertificateBuilder builder, PrivateKey by)
            throws IOException, OperatorCreationException {
        return builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(by)).getEncoded();
    }

    private static Instant now(InstantSource clock) {
        return clock.instant().truncatedTo(ChronoUnit.SECONDS);
    }

    private static KeyPair keyPair() throws IOException {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException impossible) {
            throw new IOException("this JDK makes no keys on P-256", impossible);
        }
    }
}
