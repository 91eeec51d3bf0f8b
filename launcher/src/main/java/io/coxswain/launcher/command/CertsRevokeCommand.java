package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.security.PemFiles;
import io.coxswain.security.Revocations;
import io.coxswain.security.TlsFiles;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code coxswain certs revoke}. */
@Command(
        name = "revoke",
        header = "Take certificates back before they end.",
        description = {
            "",
            "Adds them to a list. Everybody needs the list: as revoked.txt in the folder of --tls,"
                    + " or by --tls-revoked. What runs takes it within seconds, ends the"
                    + " connections of whoever is on it and lets none of them in."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain certs revoke certs/agent-host7/cert.pem",
            "  coxswain certs revoke stolen.pem --list /etc/coxswain/tls/revoked.txt"
        })
public final class CertsRevokeCommand extends Shared implements Callable<Integer> {
    @Parameters(
            arity = "1..*",
            paramLabel = "CERT",
            description = "The certificate (PEM); of a chain, the first.")
    private List<Path> certificates = new ArrayList<>();

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            defaultValue = CertsInitCommand.FOLDER,
            description = "The authority's folder. Default: ${DEFAULT-VALUE}.")
    private Path folder = Path.of(CertsInitCommand.FOLDER);

    @Option(
            names = "--list",
            paramLabel = "FILE",
            description = "The list, made if it is not there. Default: revoked.txt in --dir.")
    private @Nullable Path list;

    @Override
    public Integer call() throws EnvironmentException {
        Path file = list != null ? list : folder.resolve(TlsFiles.REVOKED);
        try {
            for (Path one : certificates) {
                X509Certificate certificate = PemFiles.certificates(one).getFirst();
                boolean fresh = Revocations.add(file, certificate);
                System.out.println(
                        (fresh ? "revoked " : "revoked before: ")
                                + certificate.getSubjectX500Principal().getName()
                                + ", sha256 "
                                + Revocations.fingerprint(certificate));
            }
            System.out.println(
                    "give everybody " + file + ", as revoked.txt in the folder of --tls");
            return ExitCode.COMPLETED;
        } catch (IOException e) {
            throw new EnvironmentException(String.valueOf(e.getMessage()), e);
        }
    }
}
