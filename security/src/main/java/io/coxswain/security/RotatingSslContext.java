package io.coxswain.security;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/**
 * A context that is made anew when the files have changed: each handshake takes the newest.
 * Thread-safe.
 */
final class RotatingSslContext extends SslContext {
    /** Makes the context of what was read. */
    interface Maker {
        SslContext make(TlsMaterial material) throws IOException;
    }

    private record Made(long version, SslContext context) {}

    private final TlsSource source;
    private final Maker maker;
    private volatile Made made;

    RotatingSslContext(TlsSource source, Maker maker) throws IOException {
        this.source = source;
        this.maker = maker;
        made = make(source.loaded());
    }

    private Made make(TlsSource.Loaded loaded) throws IOException {
        return new Made(loaded.version(), maker.make(loaded.material()));
    }

    private SslContext newest() {
        TlsSource.Loaded loaded = source.loaded();
        Made last = made;
        if (last.version() != loaded.version()) {
            try {
                // Two that race make it twice, which harms nobody.
                last = make(loaded);
                made = last;
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
        }
        return last.context();
    }

    @Override
    public boolean isClient() {
        return made.context().isClient();
    }

    @Override
    public List<String> cipherSuites() {
        return made.context().cipherSuites();
    }

    @Override
    @SuppressWarnings("deprecation") // It stands in the signature of what is extended here.
    public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
        return made.context().applicationProtocolNegotiator();
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator) {
        return newest().newEngine(allocator);
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator, String host, int port) {
        return newest().newEngine(allocator, host, port);
    }

    @Override
    public SSLSessionContext sessionContext() {
        return made.context().sessionContext();
    }

    // The native engine's own handler takes many records at once, which one around newEngine
    // cannot.
    @Override
    protected SslHandler newHandler(ByteBufAllocator allocator, boolean startTls) {
        return newest().newHandler(allocator);
    }

    @Override
    protected SslHandler newHandler(
            ByteBufAllocator allocator, String host, int port, boolean startTls) {
        return newest().newHandler(allocator, host, port);
    }
}
