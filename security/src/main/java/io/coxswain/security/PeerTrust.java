package io.coxswain.security;

import io.netty.handler.ssl.ResumableX509ExtendedTrustManager;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Trusts whom an authority vouches for and the rule admits. Peers are known by role and name in
 * their certificate, not by host name: machines and ports come and go, and a certificate of another
 * role must not pass for a coordinator's wherever it is.
 */
final class PeerTrust extends X509ExtendedTrustManager
        implements ResumableX509ExtendedTrustManager {
    private static final Logger LOG = LoggerFactory.getLogger(PeerTrust.class);
    private static final long QUIET_NANOS = 1_000_000_000L;

    /**
     * What is asked of a peer besides an authority's word.
     *
     * @param revoked the newest list
     * @param refusals counts who is refused
     */
    record Door(PeerRule rule, Supplier<Revocations> revoked, Refusals refusals) {}

    private final X509TrustManager chains;
    private final Door door;
    private final AtomicLong warnedNanos = new AtomicLong(System.nanoTime() - QUIET_NANOS);

    PeerTrust(List<X509Certificate> authorities, Door door) throws GeneralSecurityException {
        this.door = door;
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        try {
            store.load(null, null);
        } catch (IOException impossible) {
            throw new GeneralSecurityException("an empty key store cannot be made", impossible);
        }
        for (int i = 0; i < authorities.size(); i++) {
            store.setCertificateEntry("authority-" + i, authorities.get(i));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        chains = chains(factory.getTrustManagers());
    }

    private static X509TrustManager chains(TrustManager[] managers)
            throws GeneralSecurityException {
        for (TrustManager manager : managers) {
            if (manager instanceof X509TrustManager found) {
                return found;
            }
        }
        throw new GeneralSecurityException("this JDK checks no X.509 certificates");
    }

    private void client(X509Certificate[] chain, String authType) throws CertificateException {
        try {
            chains.checkClientTrusted(chain, authType);
        } catch (CertificateException refused) {
            throw told(chain, refused, distrust(refused));
        }
        admit(chain);
    }

    private void server(X509Certificate[] chain, String authType) throws CertificateException {
        try {
            chains.checkServerTrusted(chain, authType);
        } catch (CertificateException refused) {
            throw told(chain, refused, distrust(refused));
        }
        admit(chain);
    }

    private void admit(X509Certificate[] chain) throws CertificateException {
        Revocations revoked = door.revoked().get();
        for (X509Certificate certificate : chain) {
            if (revoked.contains(certificate)) {
                throw told(
                        chain,
                        new CertificateException("the certificate was taken back"),
                        Refusal.REVOKED);
            }
        }
        try {
            door.rule().check(Identity.of(chain[0]));
        } catch (CertificateException refused) {
            throw told(chain, refused, Refusal.ROLE);
        }
    }

    private static Refusal distrust(CertificateException refused) {
        for (@Nullable Throwable at = refused; at != null; at = at.getCause()) {
            if (at instanceof CertificateExpiredException
                    || at instanceof CertificateNotYetValidException) {
                return Refusal.EXPIRED;
            }
        }
        return Refusal.STRANGER;
    }

    // The other end learns little, and a flood of strangers must not flood the log.
    private CertificateException told(
            X509Certificate[] chain, CertificateException refused, Refusal reason) {
        door.refusals().count(reason);
        long now = System.nanoTime();
        long last = warnedNanos.get();
        if (now - last >= QUIET_NANOS && warnedNanos.compareAndSet(last, now)) {
            LOG.warn(
                    "refused the certificate of {}: {}",
                    chain.length == 0 ? "nobody" : chain[0].getSubjectX500Principal(),
                    refused.getMessage());
        }
        return refused;
    }

    @Override
    public void checkClientTrusted(
            X509Certificate[] chain, String authType, @Nullable Socket socket)
            throws CertificateException {
        client(chain, authType);
    }

    @Override
    public void checkServerTrusted(
            X509Certificate[] chain, String authType, @Nullable Socket socket)
            throws CertificateException {
        server(chain, authType);
    }

    @Override
    public void checkClientTrusted(
            X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        client(chain, authType);
    }

    @Override
    public void checkServerTrusted(
            X509Certificate[] chain, String authType, @Nullable SSLEngine engine)
            throws CertificateException {
        server(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
            throws CertificateException {
        client(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
            throws CertificateException {
        server(chain, authType);
    }

    // A session that goes on was checked when it began; since then much may have ended.
    private void again(X509Certificate[] chain) throws CertificateException {
        for (X509Certificate certificate : chain) {
            try {
                certificate.checkValidity();
            } catch (CertificateException ended) {
                throw told(chain, ended, Refusal.EXPIRED);
            }
        }
        admit(chain);
    }

    @Override
    public void resumeClientTrusted(X509Certificate[] chain, SSLEngine engine)
            throws CertificateException {
        again(chain);
    }

    @Override
    public void resumeServerTrusted(X509Certificate[] chain, SSLEngine engine)
            throws CertificateException {
        again(chain);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return chains.getAcceptedIssuers();
    }
}
