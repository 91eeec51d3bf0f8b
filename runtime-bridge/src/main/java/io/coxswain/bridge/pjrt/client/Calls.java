package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.abi.ApiVersion;
import io.coxswain.bridge.pjrt.abi.Args;
import io.coxswain.bridge.pjrt.abi.PjrtApi;
import io.coxswain.bridge.pjrt.abi.PjrtFunction;
import io.coxswain.bridge.pjrt.abi.PjrtStructs;
import io.coxswain.bridge.pjrt.abi.StructLayout;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Calls of one plugin whose errors become exceptions. Any thread. */
final class Calls {
    private static final Logger LOG = LoggerFactory.getLogger(Calls.class);

    // How plugins refuse a struct of an older version of the interface.
    private static final Pattern STRUCT_TOO_SMALL =
            Pattern.compile("Unexpected (\\S+) size: expected (\\d+), got (\\d+)");

    private final PjrtApi api;
    private final String plugin;

    Calls(PjrtApi api, String plugin) {
        this.api = api;
        this.plugin = plugin;
    }

    ApiVersion version() {
        return api.version();
    }

    boolean has(PjrtFunction function) {
        return api.has(function);
    }

    Args args(Arena arena, StructLayout layout) {
        return api.args(arena, layout);
    }

    /**
     * Calls a function.
     *
     * @param doing what for, as in "compiling a program"
     */
    void call(PjrtFunction function, Args args, Supplier<String> doing) throws PjrtException {
        if (!api.has(function)) {
            throw new PjrtException(
                    PjrtException.Code.UNIMPLEMENTED,
                    "%s: plugin %s (PJRT API %s) has no %s"
                            .formatted(doing.get(), plugin, api.version(), function));
        }
        MemorySegment error = api.call(function, args);
        if (error.address() != 0) {
            throw failure(error, doing.get());
        }
    }

    /** Calls a function that frees something. An error of it is logged: nobody could do more. */
    void destroy(PjrtFunction function, String field, MemorySegment handle) {
        try (Arena arena = Arena.ofConfined()) {
            call(
                    function,
                    args(arena, function.struct()).set(field, handle),
                    () -> "freeing memory");
        } catch (PjrtException e) {
            LOG.warn("{}: {}", function, e.getMessage());
        }
    }

    /** Makes an exception of an error, which it destroys. */
    PjrtException failure(MemorySegment error, String doing) {
        try (Arena arena = Arena.ofConfined()) {
            Args message = args(arena, PjrtStructs.ERROR_MESSAGE).set("error", error);
            api.callVoid(PjrtFunction.ERROR_MESSAGE, message);
            String text = message.text("message", "message_size");

            Args code = args(arena, PjrtStructs.ERROR_GET_CODE).set("error", error);
            MemorySegment second = api.call(PjrtFunction.ERROR_GET_CODE, code);
            PjrtException.Code kind =
                    second.address() == 0
                            ? PjrtException.Code.of((int) code.number("code"))
                            : PjrtException.Code.UNKNOWN;
            free(arena, error);
            if (second.address() != 0) {
                free(arena, second);
            }
            return new PjrtException(
                    kind, "%s: %s: %s%s".formatted(doing, kind, text, explanation(text)));
        }
    }

    private void free(Arena arena, MemorySegment error) {
        api.callVoid(
                PjrtFunction.ERROR_DESTROY,
                args(arena, PjrtStructs.ERROR_DESTROY).set("error", error));
    }

    private String explanation(String text) {
        Matcher small = STRUCT_TOO_SMALL.matcher(text);
        if (!small.find()) {
            return "";
        }
        return " (plugin %s has PJRT API %s, whose %s is larger than in 0.%d, the newest version that is known here; use an older plugin or a newer Coxswain)"
                .formatted(plugin, api.version(), small.group(1), PjrtApi.NEWEST_CHECKED_MINOR);
    }

    @Override
    public String toString() {
        return plugin;
    }
}
