package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.security.Identity;
import io.coxswain.security.Role;
import io.coxswain.security.authority.CertificateAuthority;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code coxswain certs issue}. */
@Command(
        name = "issue",
        header = "Issue a certificate with a role.",
        description = {
            "",
            "Writes cert.pem, key.pem and ca.pem into a folder, the one that --tls DIR takes. To"
                    + " replace a certificate, issue another into a new folder and move its files"
                    + " over the old ones: what runs takes them within seconds."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain certs issue coordinator",
            "  coxswain certs issue agent --id host7 --out /etc/coxswain/tls",
            "  coxswain certs issue operator --id ann --days 30",
            "  coxswain certs issue viewer --id wallboard"
        })
public final class CertsIssueCommand extends Shared implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "ROLE",
            description = "coordinator, agent, operator or viewer.")
    private String role = "";

    @Option(
            names = "--id",
            paramLabel = "NAME",
            description =
                    "Whose certificate it is; of an agent, its id, and required. Default: the"
                            + " role.")
    private @Nullable String id;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            defaultValue = CertsInitCommand.FOLDER,
            description = "The authority's folder. Default: ${DEFAULT-VALUE}.")
    private Path folder = Path.of(CertsInitCommand.FOLDER);

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where the files go. Default: ROLE-NAME in the authority's folder.")
    private @Nullable Path out;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            description =
                    "A host name or address of the holder, for browsers and scrapers that look at"
                            + " it. Repeatable.")
    private List<String> hosts = new ArrayList<>();

    @Option(
            names = "--days",
            paramLabel = "N",
            defaultValue = "90",
            description = "How long it is valid, 1 to 36500. Default: ${DEFAULT-VALUE}.")
    private long days;

    @Override
    public Integer call() throws ConfigException, EnvironmentException {
        Identity identity = identity();
        Duration life = CertsInitCommand.life(days);
        Path into =
                out != null
                        ? out
                        : folder.resolve(
                                identity.name().equals(role) ? role : role + "-" + identity.name());
        try {
            Instant end =
                    CertificateAuthority.open(folder, InstantSource.system())
                            .issue(identity, hosts, life, into);
            System.out.println(
                    "issued " + identity.uri() + ", valid until " + end + ": --tls " + into);
            return ExitCode.COMPLETED;
        } catch (IOException e) {
            throw new EnvironmentException(String.valueOf(e.getMessage()), e);
        }
    }

    private Identity identity() throws ConfigException {
        Role known =
                Role.of(role)
                        .orElseThrow(() ->
                                new ConfigException(
                                        List.of(
                                                "'"
                                                        + role
                                                        + "' is no role; expected "
                                                        + String.join(", ", Role.words()))));
        if (known == Role.AGENT && id == null) {
            throw new ConfigException(
                    List.of(
                            "an agent's certificate is good for that agent only: name it with --id,"
                                    + " as its file does"));
        }
        try {
            hosts.forEach(CertificateAuthority::checkHost);
            return new Identity(known, id == null ? role : id);
        } catch (IllegalArgumentException wrong) {
            throw new ConfigException(List.of(String.valueOf(wrong.getMessage())));
        }
    }
}
