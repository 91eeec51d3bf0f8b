package io.coxswain.launcher.admin;

import io.coxswain.launcher.EnvironmentException;

import org.jspecify.annotations.Nullable;

import java.security.GeneralSecurityException;
import java.util.Locale;

import javax.net.ssl.SSLException;

/** Handshakes that ended since one end does not trust the other: whose fault, and what to do. */
final class TlsTexts {
    private TlsTexts() {}

    /** What to say of a failed call; null: trust has nothing to do with it. */
    static @Nullable EnvironmentException untrusted(String target, Throwable failed) {
        boolean handshake = false;
        for (@Nullable Throwable at = failed; at != null; at = at.getCause()) {
            handshake |= at instanceof SSLException;
            if (handshake && at instanceof GeneralSecurityException) {
                return EnvironmentException.lasting(
                        "the coordinator at "
                                + target
                                + " is not trusted here: "
                                + rootMessage(at)
                                + ". Does ca.pem of --tls name the authority that issued its"
                                + " certificate, and is that a coordinator's?",
                        failed);
            }
            String alert = handshake ? alert(at) : "";
            if (!alert.isEmpty()) {
                return EnvironmentException.lasting(
                        "the coordinator at "
                                + target
                                + " refused the certificate of --tls ("
                                + alert
                                + "): it is of an authority that is not the coordinator's, has"
                                + " ended, or was taken back; the coordinator's log says which",
                        failed);
            }
        }
        return null;
    }

    // The JDK says "Received fatal alert: certificate_unknown", BoringSSL
    // "...:SSLV3_ALERT_CERTIFICATE_UNKNOWN". Which it is depends on the other end's library.
    private static String alert(Throwable error) {
        String text = String.valueOf(error.getMessage()).toLowerCase(Locale.ROOT);
        if (!text.contains("alert")) {
            return "";
        }
        String last = text.substring(text.lastIndexOf(':') + 1);
        int name = last.indexOf("_alert_");
        return (name < 0 ? last : last.substring(name + "_alert_".length()))
                .replace('_', ' ')
                .strip();
    }

    private static String rootMessage(Throwable error) {
        Throwable at = error;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return String.valueOf(at.getMessage());
    }
}
