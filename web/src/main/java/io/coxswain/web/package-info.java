/**
 * A small HTTP/1.1 server for pages, metrics and probes that somebody else's program can hold: it
 * answers exact paths only, and everything that a stranger can use up is bounded per server.
 *
 * <p>Why not the JDK's server: its limits on header size, header time, response time and
 * connections are system properties that one static initializer reads for the whole JVM, and header
 * and response time are unlimited by default. A library must not set those for its host, and
 * between accept and handler there is no place to enforce any of them. So Netty parses, which gRPC
 * brings to the class path anyway, and handlers run on virtual threads.
 */
@NullMarked
package io.coxswain.web;

import org.jspecify.annotations.NullMarked;
