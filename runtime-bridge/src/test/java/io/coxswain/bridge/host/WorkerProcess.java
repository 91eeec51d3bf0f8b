package io.coxswain.bridge.host;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A worker process, and its agent's side in the test. */
final class WorkerProcess implements AutoCloseable {
    final Process process;
    final BridgeTestClient agent;
    private final Path errors;

    WorkerProcess(Path folder) throws IOException {
        this(folder, List.of());
    }

    WorkerProcess(Path folder, List<String> moreFlags) throws IOException {
        Path socket = folder.resolve("w");
        errors = folder.resolve("stderr");
        List<String> command =
                WorkerJvm.command(
                        Path.of(System.getProperty("java.home")),
                        System.getProperty("java.class.path"),
                        "reference",
                        WorkerJvm.DEFAULT_HEAP_BYTES,
                        moreFlags);
        ServerSocketChannel server = BridgeTestClient.listen(socket);
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(errors.toFile());
        builder.environment().put(WorkerMain.SOCKET_VARIABLE, socket.toString());
        builder.environment().put(WorkerMain.TOKEN_VARIABLE, BridgeTestClient.TOKEN);
        process = builder.start();
        agent = BridgeTestClient.accept(server, socket);
    }

    int exit() throws InterruptedException {
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            throw new AssertionError("the worker does not end");
        }
        return process.exitValue();
    }

    String errors() throws IOException {
        return Files.readString(errors);
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        agent.close();
    }
}
