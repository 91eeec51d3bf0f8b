package io.coxswain.launcher.command;

import io.coxswain.launcher.service.HttpAddress;
import io.coxswain.launcher.service.TokenFile;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** {@code --http}. */
final class HttpOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--http",
            paramLabel = HttpAddress.FORM,
            description =
                    "Opens an HTTP port with /metrics, /livez and /readyz, and with the page of the"
                            + " run (an agent has none). Without a host it is reached from this"
                            + " machine only; port 0 is any free one. Default: none.")
    private @Nullable String text;

    @Option(
            names = "--http-token-file",
            paramLabel = "FILE",
            description =
                    "Who reads the HTTP port shows the token in this file (Authorization: Bearer"
                            + " TOKEN, or as the password of any name); /livez and /readyz answer"
                            + " without. Default: everybody may read.")
    private @Nullable Path tokenFile;

    /** Null: none was asked for. */
    @Nullable HttpAddress address() {
        HttpAddress open = open();
        if (open == null || tokenFile == null) {
            if (tokenFile != null) {
                throw wrong("--http-token-file needs --http: there is no HTTP port without");
            }
            return open;
        }
        try {
            return open.withToken(TokenFile.read(tokenFile));
        } catch (IOException e) {
            throw wrong("--http-token-file: " + e.getMessage());
        }
    }

    private @Nullable HttpAddress open() {
        if (text == null) {
            return null;
        }
        try {
            return HttpAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw wrong("--http " + e.getMessage());
        }
    }

    private CommandLine.ParameterException wrong(String message) {
        return new CommandLine.ParameterException(spec.commandLine(), message);
    }

    /** The overrides of a file's fields, with this option among them. */
    Map<String, String> into(Map<String, String> sets) {
        HttpAddress address = open();
        var all = new LinkedHashMap<>(address == null ? sets : address.into(sets));
        if (tokenFile != null) {
            all.put("http.tokenFile", tokenFile.toAbsolutePath().toString());
        }
        return all;
    }
}
