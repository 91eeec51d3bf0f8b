/**
 * Who somebody is and what protects the wires: roles in certificates, mutual TLS 1.3 of all planes
 * with files that may change while it runs, and the refusal to speak in the clear beyond loopback.
 * It knows nothing of jobs, views or steps.
 */
@NullMarked
package io.coxswain.security;

import org.jspecify.annotations.NullMarked;
