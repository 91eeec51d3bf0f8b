package io.coxswain.bridge.pjrt.runtime;

import io.coxswain.bridge.pjrt.bundle.Program;
import io.coxswain.bridge.pjrt.client.CompileTarget;
import io.coxswain.bridge.pjrt.client.PjrtClient;
import io.coxswain.bridge.pjrt.client.PjrtException;
import io.coxswain.bridge.pjrt.client.PjrtExecutable;
import io.coxswain.bridge.spi.RuntimeFault;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Compiles programs, or loads what an earlier process compiled. The runtime's thread. */
final class ProgramCompiler {
    private static final Logger LOG = LoggerFactory.getLogger(ProgramCompiler.class);

    private final PjrtClient client;
    private final ExecutableCache cache;
    private final String pluginSha256;
    private final String flags;
    private final String cpu;
    private final Duration limit;

    /**
     * @param pluginSha256 digest of the plugin's library
     * @param flags the compiler's options of this process
     * @param cpu the instructions of this machine
     * @param limit of the compilation of one program
     */
    ProgramCompiler(
            PjrtClient client,
            ExecutableCache cache,
            String pluginSha256,
            String flags,
            String cpu,
            Duration limit) {
        this.client = client;
        this.cache = cache;
        this.pluginSha256 = pluginSha256;
        this.flags = flags;
        this.cpu = cpu;
        this.limit = limit;
    }

    /** The compiled program, ready to run. */
    PjrtExecutable compile(Program program, CompileTarget target) throws RuntimeFault {
        String key =
                ExecutableCache.key(program.sha256(), pluginSha256, target.toString(), flags, cpu);
        PjrtExecutable loaded = load(program, target, key);
        if (loaded != null) {
            return loaded;
        }
        byte[] module = program.module();
        long start = System.nanoTime();
        PjrtExecutable executable;
        try {
            executable = client.compile(module, program.signature(), target, limit);
        } catch (PjrtException e) {
            throw refused(program, e);
        }
        LOG.info("compiled program {} in {} ms", program.label(), millisSince(start));
        keep(program, executable, key);
        return executable;
    }

    private @Nullable PjrtExecutable load(Program program, CompileTarget target, String key) {
        Optional<byte[]> kept = cache.read(key);
        if (kept.isEmpty()) {
            return null;
        }
        long start = System.nanoTime();
        try {
            PjrtExecutable executable = client.load(kept.get(), program.signature(), target);
            LOG.info(
                    "loaded compiled program {} from the cache in {} ms",
                    program.label(),
                    millisSince(start));
            return executable;
        } catch (PjrtException e) {
            LOG.warn(
                    "compiled program {} in the cache ({}) cannot be loaded and is made anew: {}",
                    program.label(),
                    key,
                    e.getMessage());
            return null;
        }
    }

    private void keep(Program program, PjrtExecutable executable, String key) {
        if (!cache.isKeeping()) {
            return;
        }
        try {
            cache.write(key, executable.serialize());
        } catch (PjrtException e) {
            LOG.info("program {} cannot be kept: {}", program.label(), e.getMessage());
        }
    }

    private RuntimeFault refused(Program program, PjrtException e) {
        return switch (e.code()) {
            case RESOURCE_EXHAUSTED, CANCELLED ->
                    Faults.of("compiling program " + program.label(), e);
            case DEADLINE_EXCEEDED ->
                    new RuntimeFault(
                            RuntimeFault.Code.PROGRAM_INVALID,
                            "compiling program %s took more than %d s: raise `runtime.compileLimit`, or make the program smaller"
                                    .formatted(program.label(), limit.toSeconds()),
                            e);
            default ->
                    Faults.invalid(
                            "the plugin refuses program %s (%s)"
                                    .formatted(program.label(), program.file()),
                            e);
        };
    }

    private static long millisSince(long start) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }
}
