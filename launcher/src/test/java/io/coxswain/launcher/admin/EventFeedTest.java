package io.coxswain.launcher.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.coordinator.journal.JournalLine;
import io.coxswain.launcher.EnvironmentException;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.proto.admin.v1.AdminGrpc;
import io.coxswain.proto.admin.v1.Event;
import io.coxswain.proto.admin.v1.EventsRequest;
import io.coxswain.proto.admin.v1.StatusRequest;
import io.coxswain.proto.admin.v1.StatusResponse;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

class EventFeedTest {
    /** A coordinator that has events 1 to {@code last}. */
    private static final class Coordinator extends AdminGrpc.AdminImplBase {
        final List<Long> askedFrom = new CopyOnWriteArrayList<>();
        private final String instance;
        private final int last;
        private final boolean ends;

        Coordinator(String instance, int last, boolean ends) {
            this.instance = instance;
            this.last = last;
            this.ends = ends;
        }

        @Override
        public void status(StatusRequest request, StreamObserver<StatusResponse> out) {
            out.onNext(
                    StatusResponse.newBuilder()
                            .setCoordinatorId("c-" + instance)
                            .setTerm(1)
                            .setInstance(instance)
                            .setNextSequence(last + 1)
                            .build());
            out.onCompleted();
        }

        @Override
        public void events(EventsRequest request, StreamObserver<Event> out) {
            askedFrom.add(request.getFromSequence());
            for (long i = Math.max(1, request.getFromSequence()); i <= last; i++) {
                out.onNext(event(i));
            }
            if (ends) {
                out.onCompleted();
            }
        }

        private static Event event(long sequence) {
            return Event.newBuilder()
                    .setSequence(sequence)
                    .setJobId(sequence % 2 == 0 ? "even" : "odd")
                    .setKind("JobWaiting")
                    .setJson("{\"job\":\"j\",\"reason\":\"r" + sequence + "\"}")
                    .build();
        }

        Server start(int port) throws IOException {
            return NettyServerBuilder.forAddress(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                    .addService(this)
                    .build()
                    .start();
        }
    }

    @TempDir private Path folder = Path.of("");

    private static AdminClient.Address at(Server server) {
        return new AdminClient.Address("127.0.0.1:" + server.getPort(), "", "");
    }

    private static class Heard implements EventFeed.Listener {
        final List<Long> sequences = new ArrayList<>();
        final List<String> notices = new CopyOnWriteArrayList<>();
        private final int enough;

        Heard(int enough) {
            this.enough = enough;
        }

        @Override
        public boolean line(JournalLine line) {
            sequences.add(line.sequence());
            return sequences.size() < enough;
        }

        @Override
        public void notice(String text) {
            notices.add(text);
        }
    }

    @Test
    void thePastEndsWithTheNewestThatThereWas() throws Exception {
        Server server = new Coordinator("a", 5, false).start(0);
        try (AdminClient client = AdminClient.connect(at(server))) {
            var heard = new Heard(100);
            EventFeed.past(client, 3, heard);
            assertThat(heard.sequences).containsExactly(3L, 4L, 5L);
            // One that is not there yet is not waited for.
            EventFeed.past(client, 6, heard);
            assertThat(heard.sequences).hasSize(3);
        } finally {
            server.shutdownNow();
        }
    }

    @Test
    void whoFollowsGoesOnWhereItBrokeOff() throws Exception {
        var coordinator = new Coordinator("a", 5, true);
        Server server = coordinator.start(0);
        try {
            // The stream ends after 5, and again without a new one each time.
            var heard = new Heard(5);
            EventFeed.follow(at(server), 1, heard);
            assertThat(heard.sequences).containsExactly(1L, 2L, 3L, 4L, 5L);
            assertThat(coordinator.askedFrom).containsExactly(1L);
        } finally {
            server.shutdownNow();
        }
    }

    @Test
    void anotherCoordinatorIsHeardFromItsBeginning() throws Exception {
        var first = new Coordinator("a", 5, true);
        Server server = first.start(0);
        int port = server.getPort();
        var second = new Coordinator("b", 2, false);
        var servers = new ArrayList<Server>(List.of(server));
        var heard =
                new Heard(7) {
                    @Override
                    public void notice(String text) {
                        super.notice(text);
                        if (notices.size() == 1) {
                            // The first one is gone; the next leads at the same place.
                            servers.getFirst().shutdownNow();
                            try {
                                servers.getFirst().awaitTermination();
                                servers.add(second.start(port));
                            } catch (IOException | InterruptedException e) {
                                throw new AssertionError(e);
                            }
                        }
                    }
                };
        try {
            EventFeed.follow(at(server), 1, heard);
        } finally {
            servers.forEach(Server::shutdownNow);
        }
        assertThat(heard.sequences).containsExactly(1L, 2L, 3L, 4L, 5L, 1L, 2L);
        assertThat(second.askedFrom).containsExactly(0L);
        assertThat(heard.notices.getFirst()).contains("the events broke off");
        assertThat(heard.notices.getLast())
                .contains("connected to coordinator c-b", "from the oldest kept");
    }

    @Test
    void whoNeverAnswersIsAnError() throws Exception {
        Server server = new Coordinator("a", 1, true).start(0);
        AdminClient.Address address = at(server);
        server.shutdownNow().awaitTermination();
        assertThatThrownBy(() -> EventFeed.follow(address, 0, new Heard(1)))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("did not answer");
    }

    private String printed(EventFilter filter, boolean json, Path journal) throws Exception {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        new EventPrinter(
                        filter,
                        json,
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8))
                .print(journal);
        return out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aJournalIsFilteredAsACoordinatorIs() throws Exception {
        Path journal = folder.resolve("events.jsonl");
        var text = new StringBuilder();
        for (long i = 1; i <= 6; i++) {
            text.append(EventFeed.line(Coordinator.event(i)).toJson()).append('\n');
        }
        text.append("{\"sequence\":7,\"mono");
        Files.writeString(journal, text);

        String all = printed(EventFilter.of(0, "", List.of()), false, journal);
        assertThat(all.lines()).hasSize(7);
        assertThat(all).contains("job j waits: r3", "line 7: not JSON");
        String even = printed(EventFilter.of(3, "even", List.of("jobwaiting")), true, journal);
        assertThat(even.lines().filter(line -> line.startsWith("{")))
                .map(JournalLine::parse)
                .extracting(JournalLine::sequence)
                .containsExactly(4L, 6L);
        assertThat(printed(EventFilter.of(0, "", List.of("Gap")), true, journal).lines())
                .hasSize(1);
        assertThatThrownBy(() -> printed(EventFilter.of(0, "", List.of()), true, folder))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("there is no journal");
    }

    @Test
    void whatIsNoKindIsNamed() {
        assertThatThrownBy(() -> EventFilter.of(-1, "", List.of("Nonsense")))
                .isInstanceOf(ConfigException.class)
                .satisfies(e ->
                        assertThat(((ConfigException) e).complaints())
                                .hasSize(2)
                                .anySatisfy(one -> assertThat(one).contains("--from -1"))
                                .anySatisfy(one ->
                                        assertThat(one)
                                                .contains("--kind Nonsense", "IncidentClosed")));
    }
}
