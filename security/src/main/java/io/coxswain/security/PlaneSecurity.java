package io.coxswain.security;

import io.netty.channel.Channel;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.Socket;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;

/**
 * {@link WireSecurity} at work: contexts for every plane, the refusal of what would leave the
 * machine in the clear, and the watch over the files. Thread-safe.
 */
public final class PlaneSecurity implements AutoCloseable {
    /** Of gRPC's connections. */
    public static final String HTTP_2 = "h2";

    /** Of pages and metrics. */
    public static final String HTTP_1 = "http/1.1";

    private static final Logger LOG = LoggerFactory.getLogger(PlaneSecurity.class);
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final Duration SHOUT = Duration.ofMinutes(10);

    private final String who;
    private final WireSecurity wanted;
    private final @Nullable TlsSource source;
    private final @Nullable ScheduledExecutorService thread;
    private final Refusals refusals = new Refusals();
    private final StandingConnections standing = new StandingConnections(refusals);

    private PlaneSecurity(String who, WireSecurity wanted, @Nullable TlsSource source) {
        this.who = who;
        this.wanted = wanted;
        this.source = source;
        this.thread =
                switch (wanted) {
                    case WireSecurity.LoopbackOnly() -> null;
                    case WireSecurity.MutualTls(TlsFiles _) -> every(LOOK, LOOK, this::refresh);
                    case WireSecurity.Plaintext() -> every(Duration.ZERO, SHOUT, this::shout);
                };
    }

    /**
     * Reads the files, if there are any, and watches them until it is closed.
     *
     * @param who for messages, such as {@code coordinator c1}
     * @param role that the certificate must have
     * @param name that the certificate must have; null: any
     * @throws IOException if the files cannot be used; the message says what to do
     */
    public static PlaneSecurity open(
            String who, WireSecurity wanted, Role role, @Nullable String name) throws IOException {
        PlaneSecurity opened = open(who, wanted);
        try {
            opened.requireIdentity(role, name);
            return opened;
        } catch (IOException wrong) {
            opened.close();
            throw wrong;
        }
    }

    /** The same for a certificate of any role. */
    public static PlaneSecurity open(String who, WireSecurity wanted) throws IOException {
        return open(who, wanted, Instant::now);
    }

    /** Without certificates, on this machine only. */
    public static PlaneSecurity loopback(String who) {
        return new PlaneSecurity(who, WireSecurity.loopbackOnly(), null);
    }

    static PlaneSecurity open(String who, WireSecurity wanted, Supplier<Instant> clock)
            throws IOException {
        return new PlaneSecurity(
                who,
                wanted,
                wanted instanceof WireSecurity.MutualTls(TlsFiles files)
                        ? new TlsSource(files, clock)
                        : null);
    }

    private ScheduledExecutorService every(Duration first, Duration then, Runnable work) {
        ScheduledExecutorService made =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon(true).name("coxswain-security").factory());
        var _ =
                made.scheduleWithFixedDelay(
                        work, first.toMillis(), then.toMillis(), TimeUnit.MILLISECONDS);
        return made;
    }

    private void shout() {
        LOG.warn(
                "PLAINTEXT: {} speaks without TLS beyond this machine: whoever reaches its ports"
                        + " can read the state of jobs and run them. Give it certificates (coxswain"
                        + " certs) and take the option plaintext away",
                who);
    }

    /**
     * Takes changed files now, without waiting for the next look, and ends the connections of those
     * whose certificates were taken back.
     */
    public void refresh() {
        if (source != null) {
            source.refresh();
            Revocations revoked = source.revoked();
            if (revoked.size() > 0) {
                standing.end(revoked);
            }
        }
    }

    /**
     * Ends a connection when the certificate at its other end is taken back. What listens behind a
     * {@link ConnectionGate} is guarded already.
     */
    public void guard(Channel channel) {
        if (source != null) {
            standing.add(channel);
        }
    }

    /** How many connections are guarded. */
    int guarded() {
        return standing.size();
    }

    /** Who was not let in, whatever the plane. */
    public Refusals refusals() {
        return refusals;
    }

    private PeerTrust.Door door(PeerRule peers) {
        return new PeerTrust.Door(peers, files()::revoked, refusals);
    }

    /** By what the planes encrypt, for people. */
    public static String provider() {
        return OpenSsl.isAvailable()
                ? OpenSsl.versionString() + ", native"
                : "the JDK's own, since no native one loads here";
    }

    /** Whether everything goes through TLS. */
    public boolean encrypted() {
        return source != null;
    }

    /** Whether it may speak in the clear beyond this machine. */
    public boolean plaintext() {
        return wanted instanceof WireSecurity.Plaintext;
    }

    /** Who it is by its own certificate. */
    public Optional<Identity> identity() {
        return Optional.ofNullable(source).map(read -> read.loaded().material().identity());
    }

    /** When its certificate ends. */
    public Optional<Instant> expiry() {
        return Optional.ofNullable(source).map(read -> read.loaded().material().expiry());
    }

    // Every peer would refuse a certificate of another role or name.
    private void requireIdentity(Role role, @Nullable String name) throws IOException {
        Identity own = identity().orElse(null);
        if (own == null || (own.role() == role && (name == null || own.name().equals(name)))) {
            return;
        }
        throw new IOException(
                who
                        + " has the certificate of "
                        + own
                        + "; it needs one of "
                        + role.word()
                        + (name == null ? "" : " " + name)
                        + ": coxswain certs issue "
                        + role.word()
                        + (name == null ? "" : " --id " + name));
    }

    /**
     * Refuses to listen in the clear where others can reach it.
     *
     * @param what such as {@code the control port}
     * @throws IOException the message says what to do
     */
    public void admitListening(String what, String host) throws IOException {
        if (exposed(host)) {
            throw new IOException(
                    what
                            + " would listen on "
                            + host
                            + ", which other machines can reach, without TLS; give certificates"
                            + " (--tls DIR, or tls: in the file; coxswain certs makes them), listen"
                            + " on 127.0.0.1, or allow it in the clear with --plaintext (plaintext:"
                            + " true)");
        }
    }

    /**
     * Refuses to speak in the clear to another machine.
     *
     * @param what such as {@code the coordinator}
     * @throws IOException the message says what to do
     */
    public void admitDialling(String what, String host) throws IOException {
        if (exposed(host)) {
            throw new IOException(
                    what
                            + " at "
                            + host
                            + " is on another machine, and there is no TLS; give certificates"
                            + " (--tls DIR, or tls: in the file; coxswain certs makes them), or"
                            + " allow it in the clear with --plaintext (plaintext: true)");
        }
    }

    private boolean exposed(String host) {
        return wanted instanceof WireSecurity.LoopbackOnly && !Reach.loopback(host);
    }

    /**
     * For what listens; only where {@link #encrypted}.
     *
     * @param protocol of the application, by ALPN; null: none
     * @throws IOException if TLS cannot be set up
     */
    public SslContext server(PeerRule peers, @Nullable String protocol) throws IOException {
        return new RotatingSslContext(
                files(), material -> TlsContexts.server(material, door(peers), protocol));
    }

    /**
     * For an HTTP port on that address: TLS with certificates, and where others can reach it. Who
     * asks needs no certificate.
     *
     * @throws IOException if TLS cannot be set up
     */
    public WebEntry web(String host) throws IOException {
        SslContext tls =
                source == null || Reach.loopback(host)
                        ? null
                        : new RotatingSslContext(
                                source, material -> TlsContexts.web(material, door(_ -> {})));
        return new WebEntry(
                tls, new ConnectionGate("the HTTP port", ConnectionGate.Limits.WEB, this));
    }

    /**
     * For what dials; only where {@link #encrypted}.
     *
     * @param protocol of the application, by ALPN; null: none
     * @throws IOException if TLS cannot be set up
     */
    public SslContext client(PeerRule peers, @Nullable String protocol) throws IOException {
        return new RotatingSslContext(
                files(), material -> TlsContexts.client(material, door(peers), protocol));
    }

    /**
     * TLS over a connected socket, as the client; only where {@link #encrypted}. Blocks for the
     * handshake; closing the result closes the socket.
     *
     * @throws IOException if the handshake fails, or the rule refuses the other end
     */
    public SSLSocket secure(Socket connected, PeerRule peers) throws IOException {
        TlsMaterial material = files().loaded().material();
        SSLSocket socket =
                (SSLSocket)
                        TlsContexts.socketFactory(material, door(peers))
                                .createSocket(
                                        connected,
                                        connected.getInetAddress().getHostAddress(),
                                        connected.getPort(),
                                        true);
        try {
            socket.setEnabledProtocols(new String[] {TlsContexts.PROTOCOL});
            socket.startHandshake();
            return socket;
        } catch (IOException failed) {
            socket.close();
            throw failed;
        }
    }

    /**
     * Who is at the other end of a session.
     *
     * @throws IOException if it came without a certificate with a role
     */
    public static Identity peer(SSLSession session) throws IOException {
        try {
            Certificate[] chain = session.getPeerCertificates();
            if (chain.length > 0 && chain[0] instanceof X509Certificate certificate) {
                return Identity.of(certificate);
            }
        } catch (CertificateException unknown) {
            throw new IOException(unknown.getMessage(), unknown);
        }
        throw new IOException("the other end came without an X.509 certificate");
    }

    private TlsSource files() {
        if (source == null) {
            throw new IllegalStateException(who + " has no certificates");
        }
        return source;
    }

    @Override
    public void close() {
        ExecutorService running = thread;
        if (running != null) {
            running.shutdownNow();
        }
    }
}
