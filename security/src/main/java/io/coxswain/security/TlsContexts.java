package io.coxswain.security;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;

/** TLS 1.3 with AES-GCM, both ends with certificates; in native code where that loads. */
final class TlsContexts {
    static final String PROTOCOL = "TLSv1.3";
    private static final List<String> SUITES =
            List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384");
    // Each connection is a handshake of its own: on an old session somebody would come back whose
    // certificate has ended meanwhile, or was taken back. The JDK's sessions last a second at
    // least.
    private static final long SESSION_SECONDS = 1;
    private static final char[] NO_PASSWORD = {};

    private TlsContexts() {}

    static SslContext server(TlsMaterial material, PeerTrust.Door door, @Nullable String protocol)
            throws IOException {
        return build(
                SslContextBuilder.forServer(material.key(), chain(material))
                        .clientAuth(ClientAuth.REQUIRE),
                material,
                door,
                protocol);
    }

    /** For browsers and scrapers, which have no certificate: a token says who they are. */
    static SslContext web(TlsMaterial material, PeerTrust.Door door) throws IOException {
        return build(
                SslContextBuilder.forServer(material.key(), chain(material))
                        .clientAuth(ClientAuth.NONE),
                material,
                door,
                PlaneSecurity.HTTP_1);
    }

    static SslContext client(TlsMaterial material, PeerTrust.Door door, @Nullable String protocol)
            throws IOException {
        return build(
                SslContextBuilder.forClient()
                        .keyManager(material.key(), chain(material))
                        .endpointIdentificationAlgorithm(null),
                material,
                door,
                protocol);
    }

    static SSLSocketFactory socketFactory(TlsMaterial material, PeerTrust.Door door)
            throws IOException {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            store.setKeyEntry("own", material.key(), NO_PASSWORD, chain(material));
            KeyManagerFactory keys =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, NO_PASSWORD);
            SSLContext context = SSLContext.getInstance(PROTOCOL);
            context.init(
                    keys.getKeyManagers(),
                    new TrustManager[] {new PeerTrust(material.authorities(), door)},
                    null);
            return context.getSocketFactory();
        } catch (GeneralSecurityException failed) {
            throw new IOException("TLS cannot be set up: " + failed.getMessage(), failed);
        }
    }

    private static X509Certificate[] chain(TlsMaterial material) {
        return material.chain().toArray(X509Certificate[]::new);
    }

    private static SslContext build(
            SslContextBuilder builder,
            TlsMaterial material,
            PeerTrust.Door door,
            @Nullable String protocol)
            throws IOException {
        boolean nativeCode = OpenSsl.isAvailable();
        builder.sslProvider(nativeCode ? SslProvider.OPENSSL : SslProvider.JDK)
                .protocols(PROTOCOL)
                .sessionTimeout(SESSION_SECONDS);
        if (!nativeCode) {
            // The native library has these and ChaCha20, in an order that fits the processor, and
            // takes no list.
            builder.ciphers(SUITES);
        }
        if (protocol != null) {
            builder.applicationProtocolConfig(
                    new ApplicationProtocolConfig(
                            Protocol.ALPN,
                            SelectorFailureBehavior.NO_ADVERTISE,
                            SelectedListenerFailureBehavior.ACCEPT,
                            protocol));
        }
        try {
            SslContext made =
                    builder.trustManager(new PeerTrust(material.authorities(), door)).build();
            if (made.sessionContext() instanceof OpenSslSessionContext sessions) {
                sessions.setSessionCacheEnabled(false);
            }
            return made;
        } catch (GeneralSecurityException failed) {
            throw new IOException("TLS cannot be set up: " + failed.getMessage(), failed);
        }
    }
}
