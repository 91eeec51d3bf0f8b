package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.security.TlsFiles;
import io.coxswain.security.authority.CertificateAuthority;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code coxswain certs init}. */
@Command(
        name = "init",
        header = "Make a certificate authority in a folder.",
        description = {
            "",
            "Writes ca.pem, which everybody gets, and ca-key.pem, which stays here: whoever has it"
                    + " can be anybody."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain certs init",
            "  coxswain certs init --dir certs --name 'training cluster' --days 730"
        })
public final class CertsInitCommand extends Shared implements Callable<Integer> {
    static final String FOLDER = "certs";
    private static final int NAME_LENGTH = 64;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            defaultValue = FOLDER,
            description = "Where the authority is to be. Default: ${DEFAULT-VALUE}.")
    private Path folder = Path.of(FOLDER);

    @Option(
            names = "--name",
            paramLabel = "TEXT",
            defaultValue = "Coxswain development authority",
            description = "What it is called. Default: ${DEFAULT-VALUE}.")
    private String name = "";

    @Option(
            names = "--days",
            paramLabel = "N",
            defaultValue = "3650",
            description = "How long it is valid, 1 to 36500. Default: ${DEFAULT-VALUE}.")
    private long days;

    @Override
    public Integer call() throws ConfigException, EnvironmentException {
        if (name.isBlank() || name.length() > NAME_LENGTH) {
            throw new ConfigException(
                    List.of("--name: expected 1 to " + NAME_LENGTH + " characters"));
        }
        Duration life = life(days);
        try {
            CertificateAuthority made =
                    CertificateAuthority.create(folder, name, life, InstantSource.system());
            System.out.println(
                    "made an authority, valid until "
                            + made.ends()
                            + ": "
                            + folder.resolve(TlsFiles.AUTHORITIES)
                            + " for everybody, "
                            + folder.resolve(CertificateAuthority.AUTHORITY_KEY)
                            + " for nobody else");
            System.out.println(
                    "next: coxswain certs issue coordinator, then one certificate for each agent"
                            + " (agent --id ID) and operator");
            return ExitCode.COMPLETED;
        } catch (IOException e) {
            throw new EnvironmentException(String.valueOf(e.getMessage()), e);
        }
    }

    static Duration life(long days) throws ConfigException {
        long most = CertificateAuthority.LONGEST.toDays();
        if (days < 1 || days > most) {
            throw new ConfigException(List.of("--days " + days + ": expected 1 to " + most));
        }
        return Duration.ofDays(days);
    }
}
