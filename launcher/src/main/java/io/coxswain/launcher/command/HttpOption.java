package io.coxswain.launcher.command;

import io.coxswain.launcher.service.HttpAddress;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.Map;

/** {@code --http}. */
final class HttpOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--http",
            paramLabel = HttpAddress.FORM,
            description =
                    "Opens an HTTP port with /metrics, /livez and /readyz. Without a host it is"
                            + " reached from this machine only; port 0 is any free one. Default:"
                            + " none.")
    private @Nullable String text;

    /** Null: none was asked for. */
    @Nullable HttpAddress address() {
        if (text == null) {
            return null;
        }
        try {
            return HttpAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "--http " + e.getMessage(), e);
        }
    }

    /** The overrides of a file's fields, with this option among them. */
    Map<String, String> into(Map<String, String> sets) {
        HttpAddress address = address();
        return address == null ? sets : address.into(sets);
    }
}
