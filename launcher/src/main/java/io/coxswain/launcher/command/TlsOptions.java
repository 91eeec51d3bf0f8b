package io.coxswain.launcher.command;

import io.coxswain.launcher.config.ConfigException;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.WireSecurity;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How a command or a service protects what it says to others. */
public final class TlsOptions {
    @Option(
            names = "--tls",
            paramLabel = "DIR",
            description =
                    "Mutual TLS with cert.pem, key.pem and ca.pem of this folder (coxswain certs"
                            + " makes them). Needed for everything that is not on this machine.")
    private @Nullable Path folder;

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "The certificate (PEM), with --tls-key and --tls-ca instead of --tls.")
    private @Nullable Path certificate;

    @Option(names = "--tls-key", paramLabel = "FILE", description = "Its private key (PEM).")
    private @Nullable Path key;

    @Option(
            names = "--tls-ca",
            paramLabel = "FILE",
            description = "The authorities whose certificates count (PEM).")
    private @Nullable Path authorities;

    @Option(
            names = "--tls-revoked",
            paramLabel = "FILE",
            description =
                    "Certificates that were taken back (coxswain certs revoke writes the file)."
                            + " Default: revoked.txt in the folder of --tls, if it is there.")
    private @Nullable Path revoked;

    @Option(
            names = "--plaintext",
            description =
                    "Speaks in the clear to other machines too: whoever reaches a port may do"
                            + " everything.")
    private boolean plaintext;

    /**
     * What was asked for.
     *
     * @throws ConfigException if options contradict each other
     */
    public WireSecurity security() throws ConfigException {
        Path cert = certificate;
        Path secret = key;
        Path ca = authorities;
        Path list = revoked;
        boolean files = cert != null || secret != null || ca != null;
        if (folder != null && files) {
            throw new ConfigException(
                    List.of("--tls names all three files: leave --tls-cert, --tls-key, --tls-ca"));
        }
        if (plaintext && (folder != null || files)) {
            throw new ConfigException(
                    List.of("--plaintext contradicts the options that name certificates"));
        }
        if (list != null && folder == null && !files) {
            throw new ConfigException(
                    List.of("--tls-revoked says whom not to trust: give --tls as well"));
        }
        if (list != null && !Files.isReadable(list)) {
            throw new ConfigException(
                    List.of(
                            "--tls-revoked: there is no file "
                                    + list
                                    + " that can be read; an empty one takes nothing back"));
        }
        if (folder != null) {
            TlsFiles all = TlsFiles.in(folder);
            return WireSecurity.tls(
                    list == null
                            ? all
                            : new TlsFiles(all.certificate(), all.key(), all.authorities(), list));
        }
        if (!files) {
            return plaintext ? WireSecurity.plaintext() : WireSecurity.loopbackOnly();
        }
        if (cert == null || secret == null || ca == null) {
            throw new ConfigException(
                    List.of("--tls-cert, --tls-key and --tls-ca belong together: give all three"));
        }
        return WireSecurity.tls(new TlsFiles(cert, secret, ca, list));
    }

    /** The overrides of a file's fields, with these options among them. */
    Map<String, String> into(Map<String, String> sets) throws ConfigException {
        var all = new LinkedHashMap<>(sets);
        WireSecurity wanted = security();
        // Relative to where the command runs, not to the file.
        if (folder != null) {
            all.put("tls.folder", folder.toAbsolutePath().toString());
        } else if (wanted instanceof WireSecurity.MutualTls(TlsFiles tls)) {
            all.put("tls.cert", tls.certificate().toAbsolutePath().toString());
            all.put("tls.key", tls.key().toAbsolutePath().toString());
            all.put("tls.ca", tls.authorities().toAbsolutePath().toString());
        } else if (plaintext) {
            all.put("plaintext", "true");
        }
        if (revoked != null) {
            all.put("tls.revoked", revoked.toAbsolutePath().toString());
        }
        return all;
    }
}
