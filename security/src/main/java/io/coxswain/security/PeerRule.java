package io.coxswain.security;

import java.security.cert.CertificateException;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/** Whom one speaks with. Asked in the handshake, after the certificate's chain was checked. */
@FunctionalInterface
public interface PeerRule {
    /**
     * Returns if the peer is right.
     *
     * @throws CertificateException ends the handshake; the message says why
     */
    void check(Identity peer) throws CertificateException;

    /** Anybody with one of these roles. */
    static PeerRule roles(Role first, Role... more) {
        Set<Role> allowed = EnumSet.of(first, more);
        return peer -> {
            if (!allowed.contains(peer.role())) {
                throw new CertificateException(
                        "the other end is "
                                + peer
                                + ", expected "
                                + allowed.stream()
                                        .map(Role::word)
                                        .collect(Collectors.joining(" or ")));
            }
        };
    }

    /** That one only. */
    static PeerRule only(Identity wanted) {
        return peer -> {
            if (!peer.equals(wanted)) {
                throw new CertificateException("the other end is " + peer + ", expected " + wanted);
            }
        };
    }
}
