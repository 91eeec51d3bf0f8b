package io.coxswain.security;

import io.netty.handler.ssl.SslContext;

import org.jspecify.annotations.Nullable;

/**
 * What stands before an HTTP port.
 *
 * @param tls for HTTPS; null: HTTP
 * @param gate to be told of each connection that made a good request
 */
public record WebEntry(@Nullable SslContext tls, ConnectionGate gate) {}
