package io.coxswain.security;

/** How a coordinator, an agent or a command protects what it says to others. */
public sealed interface WireSecurity {
    /** In the clear on this machine's loopback addresses; nothing leaves the machine. */
    record LoopbackOnly() implements WireSecurity {}

    /** Mutual TLS 1.3 everywhere. */
    record MutualTls(TlsFiles files) implements WireSecurity {}

    /** In the clear everywhere: whoever reaches a port may do everything. It warns all the time. */
    record Plaintext() implements WireSecurity {}

    /** The default. */
    static WireSecurity loopbackOnly() {
        return new LoopbackOnly();
    }

    /** Mutual TLS with these files. */
    static WireSecurity tls(TlsFiles files) {
        return new MutualTls(files);
    }

    /** In the clear. */
    static WireSecurity plaintext() {
        return new Plaintext();
    }
}
