package io.coxswain.launcher.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.launcher.EnvironmentException;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;

/** Whoever is not trusted learns by whom, and that asking again is of no use. */
class TlsTextsTest {
    private static @Nullable EnvironmentException told(Throwable cause) {
        return TlsTexts.untrusted("h:1", new IllegalStateException("UNAVAILABLE", cause));
    }

    @ParameterizedTest
    @CsvSource({
        "Received fatal alert: certificate_unknown, certificate unknown",
        "(bad_certificate) Received fatal alert: bad_certificate, bad certificate",
        "error:1000045c:SSL routines:OPENSSL_internal:TLSV1_ALERT_CERTIFICATE_REQUIRED,"
                + "certificate required",
        "error:10000438:SSL routines:OPENSSL_internal:TLSV1_ALERT_INTERNAL_ERROR,internal error"
    })
    void theOtherEndRefused(String message, String alert) {
        EnvironmentException said = told(new IOException("wrapped", new SSLException(message)));
        assertThat(said).isNotNull();
        assertThat(said.isLasting()).isTrue();
        assertThat(said)
                .hasMessageStartingWith(
                        "the coordinator at h:1 refused the certificate of --tls (" + alert + ")");
    }

    @Test
    void theOtherEndIsNotTrusted() {
        var handshake = new SSLHandshakeException("General problem");
        handshake.initCause(
                new CertificateException(new CertPathValidatorException("no trust anchor")));
        EnvironmentException said = told(handshake);
        assertThat(said).isNotNull();
        assertThat(said.isLasting()).isTrue();
        assertThat(said)
                .hasMessageContaining("h:1 is not trusted here: no trust anchor. Does ca.pem");
    }

    @Test
    void aHandshakeThatBrokeOffMayBeAChangeOfLeaders() {
        assertThat(told(new SSLHandshakeException("Connection closed while in progress"))).isNull();
        assertThat(told(new IOException("Connection refused"))).isNull();
    }
}
