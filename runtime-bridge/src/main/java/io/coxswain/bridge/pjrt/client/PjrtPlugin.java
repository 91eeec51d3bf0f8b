package io.coxswain.bridge.pjrt.client;

import io.coxswain.bridge.pjrt.abi.ApiVersion;
import io.coxswain.bridge.pjrt.abi.Args;
import io.coxswain.bridge.pjrt.abi.PjrtApi;
import io.coxswain.bridge.pjrt.abi.PjrtFunction;
import io.coxswain.bridge.pjrt.abi.PjrtStructs;
import io.coxswain.bridge.pjrt.abi.UnsupportedApiException;
import io.coxswain.bridge.pjrt.client.PjrtException.Code;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/**
 * A PJRT plugin, loaded into this process until it ends: plugins cannot be unloaded. A plugin that
 * meets a broken invariant ends the process (status 134), so only workers load one. Any thread.
 */
public final class PjrtPlugin {
    private static final String ENTRY = "GetPjrtApi";

    // The only create option whose wrong use is known to be dangerous: older CPU plugins end the
    // process at a wrong type, newer ones make a client without devices.
    private static final String CPU_DEVICES = "cpu_device_count";

    private static final Map<Path, PjrtPlugin> LOADED = new HashMap<>();

    private final Path library;
    private final Calls calls;
    private final Map<String, Object> attributes;

    private PjrtPlugin(Path library, Calls calls, Map<String, Object> attributes) {
        this.library = library;
        this.calls = calls;
        this.attributes = attributes;
    }

    /**
     * Loads a plugin; the second time, gives the same one.
     *
     * @throws PjrtException {@code NOT_FOUND} without such a file, {@code INVALID_ARGUMENT} if it
     *     is no shared library, one for another architecture, or no plugin, {@code DATA_LOSS} if it
     *     is truncated, {@code UNIMPLEMENTED} if its API is not supported, {@code UNAVAILABLE} if
     *     the system cannot load it
     */
    public static PjrtPlugin load(Path library) throws PjrtException {
        LibraryFile.check(library);
        Path real;
        try {
            real = library.toRealPath();
        } catch (IOException e) {
            throw new PjrtException(
                    Code.NOT_FOUND, "plugin %s is gone: %s".formatted(library, e.getMessage()), e);
        }
        synchronized (LOADED) {
            @Nullable PjrtPlugin known = LOADED.get(real);
            if (known != null) {
                return known;
            }
            PjrtPlugin plugin = open(real);
            LOADED.put(real, plugin);
            return plugin;
        }
    }

    /** The library's file. */
    public Path library() {
        return library;
    }

    /** The version of its interface. */
    public ApiVersion version() {
        return calls.version();
    }

    /**
     * What it tells of itself, {@code stablehlo_current_version} for instance: texts, {@code Long},
     * {@code long[]}, {@code Float}, {@code Boolean}.
     */
    public Map<String, Object> attributes() {
        return attributes;
    }

    /**
     * Makes a client, which finds and takes the devices.
     *
     * @param options the plugin's options: texts, {@code Long}, {@code long[]}, {@code Float},
     *     {@code Boolean}. Some plugins ignore names that they do not know.
     * @throws PjrtException if the plugin refuses, or has no device, or another number of CPU
     *     devices than was asked for
     */
    public PjrtClient createClient(Map<String, Object> options) throws PjrtException {
        return create(options, null);
    }

    /**
     * Makes a client whose devices work together with those of other processes.
     *
     * @param options as in {@link #createClient(Map)}, with what the plugin wants to know of the
     *     others ({@code node_id}, {@code num_nodes} for GPUs)
     * @param store what the clients find each other through; used until the client is destroyed
     * @throws PjrtException as in {@link #createClient(Map)}
     */
    public PjrtClient createClient(Map<String, Object> options, KeyValueStore store)
            throws PjrtException {
        return create(options, store);
    }

    private PjrtClient create(Map<String, Object> options, @Nullable KeyValueStore store)
            throws PjrtException {
        String doing =
                "creating a client of plugin %s with %s".formatted(library.getFileName(), options);
        @Nullable Object asked = options.get(CPU_DEVICES);
        if (asked != null && !(asked instanceof Long count && count > 0)) {
            throw new PjrtException(
                    Code.INVALID_ARGUMENT,
                    "%s: %s must be a whole number of at least 1".formatted(doing, CPU_DEVICES));
        }
        MemorySegment address;
        Runnable whenDestroyed = () -> {};
        try (Arena arena = Arena.ofConfined()) {
            Args args =
                    calls.args(arena, PjrtStructs.CLIENT_CREATE)
                            .set("create_options", NamedValues.write(arena, options))
                            .set("num_options", options.size());
            if (store != null) {
                whenDestroyed = KeyValueUpcalls.offer(store, args);
            }
            calls.call(PjrtFunction.CLIENT_CREATE, args, () -> doing);
            address = args.pointer("client");
        } catch (PjrtException e) {
            whenDestroyed.run();
            throw e;
        }
        PjrtClient client = new PjrtClient(calls, address, whenDestroyed);
        int devices = client.devices().size();
        if (devices == 0 || (asked instanceof Long count && count != devices)) {
            client.close();
            throw new PjrtException(
                    devices == 0 ? Code.UNAVAILABLE : Code.INVALID_ARGUMENT,
                    "%s: it has %d devices".formatted(doing, devices));
        }
        return client;
    }

    /** The file's name and the version of its interface. */
    @Override
    public String toString() {
        return "%s (PJRT API %s)".formatted(library.getFileName(), version());
    }

    private static PjrtPlugin open(Path library) throws PjrtException {
        MemorySegment entry =
                lookup(library)
                        .find(ENTRY)
                        .orElseThrow(() ->
                                new PjrtException(
                                        Code.INVALID_ARGUMENT,
                                        "%s is not a PJRT plugin: it has no %s"
                                                .formatted(library, ENTRY)));
        MemorySegment table = PjrtApi.callEntry(entry);
        if (table.address() == 0) {
            throw new PjrtException(
                    Code.INVALID_ARGUMENT,
                    "%s of plugin %s gives nothing".formatted(ENTRY, library));
        }
        PjrtApi api;
        try {
            api = PjrtApi.read(table);
        } catch (UnsupportedApiException e) {
            throw new PjrtException(
                    Code.UNIMPLEMENTED,
                    "plugin %s cannot be used: %s".formatted(library, e.getMessage()),
                    e);
        }
        Calls calls = new Calls(api, String.valueOf(library.getFileName()));
        try (Arena arena = Arena.ofConfined()) {
            calls.call(
                    PjrtFunction.PLUGIN_INITIALIZE,
                    calls.args(arena, PjrtStructs.PLUGIN_INITIALIZE),
                    () -> "initializing plugin %s".formatted(library));
            Map<String, Object> attributes = Map.of();
            if (calls.has(PjrtFunction.PLUGIN_ATTRIBUTES)) {
                Args args = calls.args(arena, PjrtStructs.PLUGIN_ATTRIBUTES);
                calls.call(
                        PjrtFunction.PLUGIN_ATTRIBUTES,
                        args,
                        () -> "asking plugin %s for its attributes".formatted(library));
                attributes = NamedValues.read(args, "attributes", "num_attributes");
            }
            return new PjrtPlugin(library, calls, Collections.unmodifiableMap(attributes));
        }
    }

    @SuppressWarnings("restricted")
    private static SymbolLookup lookup(Path library) throws PjrtException {
        try {
            return SymbolLookup.libraryLookup(library, Arena.global());
        } catch (IllegalArgumentException e) {
            throw new PjrtException(
                    Code.UNAVAILABLE,
                    "plugin %s cannot be loaded: %s".formatted(library, LoaderError.of(library)),
                    e);
        }
    }
}
