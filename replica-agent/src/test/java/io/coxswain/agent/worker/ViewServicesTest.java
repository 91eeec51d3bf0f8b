package io.coxswain.agent.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.proto.bridge.v1.ViewServiceAnswer;
import io.coxswain.proto.bridge.v1.ViewServiceRequest;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Processes that serve a view, with shells in their place. */
class ViewServicesTest {
    private static final Duration LONG = Duration.ofMinutes(5);

    /** Serves until its standard input ends. */
    private static final String SERVES = "echo a note; echo coxswain-service 127.0.0.1:$N; cat";

    @TempDir private Path folder = Path.of("");
    private final LinkedBlockingQueue<ViewServiceAnswer> answers = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<String> failed = new LinkedBlockingQueue<>();
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final List<ViewServices> made = new ArrayList<>();

    private ViewServices services(Duration start, Duration after) {
        var command =
                new WorkerCommand(
                        List.of("worker"),
                        Map.of("N", "7001", "PATH", "/usr/bin:/bin"),
                        folder,
                        false);
        var services =
                new ViewServices(
                        command,
                        new ViewServices.Limits(start, after),
                        this::print,
                        (name, cause) -> failed.add(name + " " + cause));
        made.add(services);
        return services;
    }

    private void print(byte[] bytes, int length) {
        synchronized (printed) {
            printed.write(bytes, 0, length);
        }
    }

    private String lines() {
        synchronized (printed) {
            return printed.toString(StandardCharsets.UTF_8);
        }
    }

    @AfterEach
    void end() {
        made.forEach(ViewServices::close);
    }

    private static ViewServiceRequest.Builder request(long id, long epoch, String script) {
        return ViewServiceRequest.newBuilder()
                .setId(id)
                .setEpoch(epoch)
                .setName("jax")
                .addAllCommand(List.of("/bin/sh", "-c", script));
    }

    private ViewServiceAnswer ask(ViewServices services, ViewServiceRequest.Builder request)
            throws InterruptedException {
        services.asked(request.build(), answers::add);
        return answer();
    }

    private ViewServiceAnswer answer() throws InterruptedException {
        return Objects.requireNonNull(answers.poll(2, TimeUnit.MINUTES), "no answer");
    }

    private static ProcessHandle only(ViewServices services) {
        assertThat(services.pids()).hasSize(1);
        return ProcessHandle.of(services.pids().getFirst()).orElseThrow();
    }

    private static void awaitEnd(ProcessHandle process) throws Exception {
        process.onExit().get(2, TimeUnit.MINUTES);
    }

    @Test
    void servesTheViewThatTheWorkerIsIn() throws Exception {
        ViewServices services = services(LONG, LONG);
        services.view(4);
        ViewServiceAnswer answer = ask(services, request(1, 4, SERVES));
        assertThat(answer.getId()).isEqualTo(1);
        assertThat(answer.getCode()).isEmpty();
        assertThat(answer.getAddress()).isEqualTo("127.0.0.1:7001");
        assertThat(lines()).isEqualTo("[jax] a note\n");
        // Asked again, in whatever words.
        assertThat(ask(services, request(2, 4, "exit 3")).getAddress()).isEqualTo("127.0.0.1:7001");
        assertThat(ask(services, request(3, 3, SERVES)).getCode()).isEqualTo("bad_request");
        ProcessHandle process = only(services);
        services.close();
        assertThat(process.isAlive()).isFalse();
        assertThat(failed).isEmpty();
        assertThat(ask(services, request(4, 4, SERVES)).getCode()).isEqualTo("epoch_over");
    }

    @Test
    void runsInTheWorkersFolder() throws Exception {
        ViewServices services = services(LONG, LONG);
        services.view(0);
        ask(services, request(1, 0, "pwd > where; " + SERVES));
        assertThat(Files.readString(folder.resolve("where")).strip())
                .isEqualTo(folder.toRealPath().toString());
    }

    @Test
    void outlivesItsWorkerAndItsViewForAMoment() throws Exception {
        ViewServices services = services(LONG, LONG);
        services.view(4);
        ask(services, request(1, 4, SERVES));
        ProcessHandle first = only(services);
        services.leave();
        services.over(5);
        assertThat(first.isAlive()).isTrue();
        assertThat(ask(services, request(2, 4, SERVES)).getCode()).isEqualTo("epoch_over");
        services.view(5);
        ask(services, request(3, 5, SERVES));
        assertThat(first.isAlive()).isTrue();
        assertThat(services.pids()).hasSize(2);
        // There is one view after another, and not more than one that is over.
        services.view(6);
        awaitEnd(first);
        assertThat(failed).isEmpty();
    }

    @Test
    void endsAfterItsView() throws Exception {
        ViewServices services = services(LONG, Duration.ZERO);
        services.view(4);
        ask(services, request(1, 4, SERVES));
        ProcessHandle process = only(services);
        services.over(4);
        assertThat(process.isAlive()).isTrue();
        services.over(5);
        awaitEnd(process);
        assertThat(failed).isEmpty();
    }

    @Test
    void oneThatEndsByItselfIsTold() throws Exception {
        ViewServices services = services(LONG, LONG);
        services.view(4);
        Path door = folder.resolve("door");
        String script =
                "mkfifo door; echo coxswain-service x:1; read line < door; echo bad; exit 9";
        ask(services, request(1, 4, script));
        Files.writeString(door, "go\n");
        assertThat(failed.poll(2, TimeUnit.MINUTES))
                .isEqualTo("jax ended with status 9; last words: bad");
        // The next one who asks gets another one.
        assertThat(ask(services, request(2, 4, SERVES)).getAddress()).isEqualTo("127.0.0.1:7001");
    }

    @Test
    void oneThatCannotServeSaysWhy() throws Exception {
        ViewServices services = services(LONG, LONG);
        services.view(4);
        ViewServiceAnswer answer =
                ask(services, request(1, 4, "echo coxswain-service; echo no jaxlib; exit 1"));
        assertThat(answer.getCode()).isEqualTo("not_started");
        assertThat(answer.getMessage())
                .isEqualTo("jax ended with status 1; last words: coxswain-service\nno jaxlib");
        ViewServiceAnswer missing =
                ask(services, request(2, 4, "").clearCommand().addCommand("/no/such/python"));
        assertThat(missing.getCode()).isEqualTo("not_started");
        assertThat(missing.getMessage()).contains("did not start", "/no/such/python");
    }

    @Test
    void oneThatNeverServesIsEnded() throws Exception {
        ViewServices services = services(Duration.ofMillis(1), LONG);
        services.view(4);
        ViewServiceAnswer answer = ask(services, request(1, 4, "exec sleep 1000"));
        assertThat(answer.getCode()).isEqualTo("not_started");
        assertThat(answer.getMessage()).contains("it did not say within 1 ms where it serves");
        assertThat(services.pids()).isEmpty();
    }

    @Test
    void whatIsNoRequestIsRefused() throws Exception {
        ViewServices services = services(LONG, LONG);
        services.view(4);
        for (ViewServiceRequest.Builder bad :
                List.of(
                        request(1, 4, SERVES).setName(""),
                        request(1, 4, SERVES).setName("../jax"),
                        request(1, 4, SERVES).setName("j".repeat(33)),
                        request(1, 4, SERVES).clearCommand(),
                        request(1, 4, SERVES).setCommand(0, ""),
                        request(1, 4, "echo \0"),
                        request(1, 4, "x".repeat(20_000)),
                        request(1, 5, SERVES),
                        request(1, 4, SERVES)
                                .addAllCommand(java.util.Collections.nCopies(70, "x")))) {
            ViewServiceAnswer answer = ask(services, bad);
            assertThat(answer.getCode()).as("%s", bad).isEqualTo("bad_request");
            assertThat(answer.getMessage()).isNotEmpty();
        }
        assertThat(services.pids()).isEmpty();
    }

    @Test
    void serviceCountIsBounded() throws Exception {
        ViewServices services = services(LONG, LONG);
        services.view(4);
        for (int i = 0; i < 4; i++) {
            assertThat(ask(services, request(i, 4, SERVES).setName("s" + i)).getCode()).isEmpty();
        }
        assertThat(ask(services, request(9, 4, SERVES).setName("s9")).getMessage())
                .isEqualTo("a view has 4 services at most");
    }
}
