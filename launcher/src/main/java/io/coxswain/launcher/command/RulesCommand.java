package io.coxswain.launcher.command;

import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.ExitCode;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code coxswain rules}. */
@Command(
        name = "rules",
        header = "Print the alerting rules for Prometheus, with your objective and your runbook.",
        description = {
            "",
            "What is printed is deploy/prometheus/coxswain.rules.yml with the two things that are"
                    + " yours put in."
        },
        footer = {
            "",
            "Examples:",
            "  coxswain rules --runbook-url https://wiki.example/coxswain/runbook.html"
                    + " > coxswain.rules.yml",
            "  coxswain rules --objective 0.97 && promtool check rules coxswain.rules.yml"
        })
public final class RulesCommand extends Shared implements Callable<Integer> {
    private static final String RULES = "deploy/prometheus/coxswain.rules.yml";
    private static final String RUNBOOK = "runbook_url: docs/runbook.md#";
    private static final String OBJECTIVE = "expr: vector(0.95)";

    @Option(
            names = "--runbook-url",
            paramLabel = "URL",
            description =
                    "Where docs/runbook.md is read, without '#': alerts name a section of it."
                            + " Default: its path in this checkout.")
    private @Nullable String runbook;

    @Option(
            names = "--objective",
            paramLabel = "RATIO",
            description =
                    "So much of the slots' time is to be productive, above 0 and below 1. Default:"
                            + " 0.95.")
    private @Nullable BigDecimal objective;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws EnvironmentException {
        System.out.print(rules(BenchBase.example(RULES)));
        System.out.flush();
        return ExitCode.COMPLETED;
    }

    private String rules(Path file) throws EnvironmentException {
        String where = runbook == null ? null : url(runbook);
        String share = objective == null ? null : share(objective);
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException e) {
            throw new EnvironmentException("the rules cannot be read: " + e.getMessage(), e);
        }
        if (where != null) {
            text = text.replace(RUNBOOK, "runbook_url: " + where + "#");
        }
        return share == null ? text : text.replace(OBJECTIVE, "expr: vector(" + share + ")");
    }

    private String url(String text) {
        try {
            URI uri = new URI(text);
            boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
            if (web && uri.getHost() != null && uri.getRawFragment() == null) {
                return uri.toASCIIString();
            }
        } catch (URISyntaxException malformed) {
            throw wrong("--runbook-url: " + malformed.getMessage());
        }
        throw wrong(
                "--runbook-url "
                        + text
                        + ": expected https://HOST/… or http://HOST/…, without '#', which each"
                        + " alert adds");
    }

    private String share(BigDecimal ratio) {
        if (ratio.signum() <= 0 || ratio.compareTo(BigDecimal.ONE) >= 0) {
            throw wrong("--objective " + ratio + ": expected a ratio above 0 and below 1");
        }
        return ratio.toPlainString();
    }

    private CommandLine.ParameterException wrong(String message) {
        return new CommandLine.ParameterException(spec.commandLine(), message);
    }
}
