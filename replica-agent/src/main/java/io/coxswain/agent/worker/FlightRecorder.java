package io.coxswain.agent.worker;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * NCCL's flight recorder in a worker's processes: which collectives each rank came to. PyTorch
 * keeps it where a buffer is asked for, writes it to a file when its watchdog's time is over, and
 * when somebody writes into a pipe that it listens to. A hang is seen here long before the
 * watchdog's ten minutes, so it is asked by the pipe. Where to is said unless the program's own
 * environment does.
 */
final class FlightRecorder {
    static final String BUFFER = "TORCH_NCCL_TRACE_BUFFER_SIZE";
    static final String ON_TIMEOUT = "TORCH_NCCL_DUMP_ON_TIMEOUT";
    static final String FILE = "TORCH_NCCL_DEBUG_INFO_TEMP_FILE";
    static final String PIPE = "TORCH_NCCL_DEBUG_INFO_PIPE_FILE";

    /** PyTorch's threads look for a wish each second. */
    private static final long PATIENCE_NANOS = 2_500_000_000L;

    private static final long LOOK_MILLIS = 50;
    private static final Logger LOG = LoggerFactory.getLogger(FlightRecorder.class);

    private FlightRecorder() {}

    /**
     * The environment of a worker's process.
     *
     * @param program what the job says
     * @param folder of the process, emptied when it is gone
     */
    static Map<String, String> environment(Map<String, String> program, Path folder) {
        if (program.getOrDefault(BUFFER, "0").equals("0")) {
            return program;
        }
        var environment = new HashMap<String, String>();
        environment.put(ON_TIMEOUT, "1");
        environment.put(FILE, folder.resolve("nccl_trace_rank_").toString());
        environment.put(PIPE, folder.resolve("nccl_ask_rank_").toString());
        environment.putAll(program);
        return Map.copyOf(environment);
    }

    /**
     * Asks the processes to write what they have, and waits a moment for it.
     *
     * @param folder where the pipes are, if any are
     */
    static void ask(Path folder) throws InterruptedException {
        List<Path> pipes;
        try (Stream<Path> files = Files.list(folder)) {
            pipes = files.filter(file -> file.toString().endsWith(".pipe")).toList();
        } catch (IOException e) {
            return;
        }
        int asked = 0;
        for (Path pipe : pipes) {
            // For reading too: so it does not wait for somebody who reads.
            try (var opened = new RandomAccessFile(pipe.toFile(), "rw")) {
                opened.write('1');
                asked++;
                await(folder, asked);
            } catch (IOException e) {
                LOG.debug("nobody can be asked by {}", pipe, e);
            }
        }
    }

    /** While the pipe is open: what is written into it is gone with its last reader. */
    private static void await(Path folder, int files) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (System.nanoTime() < end && written(folder) < files) {
            Thread.sleep(LOOK_MILLIS);
        }
    }

    private static long written(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file ->
                            String.valueOf(file.getFileName()).startsWith("nccl_trace_rank_"))
                    .filter(file -> file.toFile().length() > 0)
                    .count();
        } catch (IOException e) {
            return 0;
        }
    }
}
