package io.coxswain.chaos.fuzz;

import com.google.protobuf.InvalidProtocolBufferException;

import io.coxswain.bridge.arena.ArenaException;
import io.coxswain.bridge.arena.ArenaFile;
import io.coxswain.bridge.arena.SlotTable;
import io.coxswain.chaos.scenario.ScenarioFile;
import io.coxswain.coordinator.JobReport;
import io.coxswain.coordinator.adapter.grpc.ControlCodec;
import io.coxswain.coordinator.adapter.grpc.ModelCodec;
import io.coxswain.coordinator.adapter.zookeeper.StoreCodec;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.config.ConfigFile;
import io.coxswain.launcher.job.JobFile;
import io.coxswain.proto.admin.v1.SubmitRequest;
import io.coxswain.proto.control.v1.AgentMessage;
import io.coxswain.proto.control.v1.CoordinatorMessage;
import io.coxswain.security.PemFiles;
import io.coxswain.security.Revocations;
import io.coxswain.security.ZooKeeperAccess;
import io.coxswain.security.authority.CertificateAuthority;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Everything that is fed. */
public final class Targets {
    private static final Set<Class<? extends Throwable>> MESSAGES =
            Set.of(InvalidProtocolBufferException.class, IllegalArgumentException.class);

    private Targets() {}

    /** All of them; files are made in a folder that is the caller's. */
    public static List<FuzzTarget> all(Path scratch) throws IOException {
        return List.of(
                agentMessages(),
                orders(),
                submissions(),
                znodes(),
                new DataPlaneTarget(),
                new PeerTarget(Files.createDirectories(scratch.resolve("peer"))),
                new BridgeTarget(),
                arenas(scratch),
                slotTables(),
                jobFiles(scratch),
                configFiles(scratch),
                scenarioFiles(scratch),
                reports(),
                certificates(scratch),
                zookeeperUsers(scratch),
                revocations(scratch),
                new HttpTarget(),
                new CoreTarget(CoreTarget.Side.COORDINATOR),
                new CoreTarget(CoreTarget.Side.AGENT));
    }

    /** What agents say, as a coordinator reads it. */
    private static FuzzTarget agentMessages() {
        return new ParserTarget(
                "agent-messages",
                10,
                Corpus.of("agent-messages"),
                MESSAGES,
                input -> {
                    AgentMessage message = AgentMessage.parseFrom(input);
                    var speaker = ControlCodec.agentKey(message.getAgent());
                    if (message.hasAttach()) {
                        var unusedProfile =
                                ControlCodec.profile(message.getAgent(), message.getAttach());
                        var unusedInventory =
                                ControlCodec.inventory(message.getAttach().getInventory());
                    } else {
                        var unusedWord = ControlCodec.word(speaker, message);
                    }
                });
    }

    /** What a coordinator says, as agents read it. */
    private static FuzzTarget orders() {
        return new ParserTarget(
                "orders",
                10,
                Corpus.of("orders"),
                MESSAGES,
                input -> {
                    var unusedEvent =
                            io.coxswain.agent.adapter.ControlCodec.event(
                                    CoordinatorMessage.parseFrom(input));
                });
    }

    private static FuzzTarget submissions() {
        return new ParserTarget(
                "submissions",
                5,
                Corpus.of("submissions"),
                MESSAGES,
                input -> {
                    var unusedJob = ModelCodec.decode(SubmitRequest.parseFrom(input).getJob());
                });
    }

    /** The first byte says of which kind the record is. */
    private static FuzzTarget znodes() {
        return new ParserTarget(
                "znodes",
                10,
                Corpus.of("znodes"),
                MESSAGES,
                input -> {
                    if (input.length == 0) {
                        return;
                    }
                    byte[] record = Arrays.copyOfRange(input, 1, input.length);
                    Object unusedRecord =
                            switch (input[0] & 3) {
                                case 0 -> StoreCodec.spec(record);
                                case 1 -> StoreCodec.view("job", record);
                                case 2 -> StoreCodec.account("job", record);
                                default -> StoreCodec.result("job", record);
                            };
                    var unusedAgent = input[0] == 4 ? StoreCodec.agent(record) : null;
                });
    }

    private static FuzzTarget arenas(Path scratch) throws IOException {
        Path good = scratch.resolve("good.arena");
        Files.deleteIfExists(good);
        var meta =
                SlotTable.Meta.layOut(
                        "job",
                        1,
                        5,
                        0,
                        List.of(SlotTable.Box.range("params", "f32", 1000, 0, 500, 2000)));
        try (ArenaFile made = ArenaFile.create(good, ArenaFile.Shape.slotsOnly(2, 4096, 4))) {
            var writer = made.slot(0).write(meta);
            writer.checksum();
            var unusedDigest = writer.commit();
        }
        Path bad = scratch.resolve("bad.arena");
        return new ParserTarget(
                "arenas",
                1,
                List.of(Files.readAllBytes(good)),
                Set.of(
                        ArenaException.class,
                        IllegalStateException.class,
                        IllegalArgumentException.class),
                input -> {
                    Files.write(bad, input);
                    try (ArenaFile opened = ArenaFile.open(bad)) {
                        for (int i = 0; i < opened.slots(); i++) {
                            var slot = opened.slot(i);
                            var unusedState = slot.state();
                            var unusedFilled = slot.completeFilled();
                            var unusedVerdict = slot.verify();
                        }
                    }
                });
    }

    private static FuzzTarget slotTables() {
        return new ParserTarget(
                "slot-tables",
                5,
                List.of(
                        SlotTable.Meta.layOut(
                                        "job",
                                        1,
                                        5,
                                        0,
                                        List.of(
                                                SlotTable.Box.range(
                                                        "params", "f32", 1000, 0, 500, 2000),
                                                SlotTable.Box.range(
                                                        "adam/m", "f32", 1000, 0, 500, 2000)))
                                .encode()),
                Set.of(IllegalArgumentException.class),
                input -> {
                    var meta = SlotTable.Meta.decode(input);
                    var unusedChunks = meta.chunks();
                });
    }

    private static FuzzTarget jobFiles(Path scratch) throws IOException {
        Path file = scratch.resolve("job.yaml");
        return new ParserTarget(
                "job-files",
                2,
                texts(
                        """
                        name: digits
                        mesh: {replicas: 2, shards: 2}
                        steps: 600
                        seed: 7
                        data: digits.bin
                        batch: 64
                        microshards: 8
                        runtime:
                          kind: reference
                          hidden: [64, 32]
                          optimizer: {kind: adam, learningRate: 0.001}
                        protect: {copies: 1, every: 2, level: host}
                        labels: {team: "a"}
                        """,
                        """
                        name: torch
                        mesh: {replicas: 2}
                        steps: 10
                        data: none
                        batch: 8
                        collectives: {within: runtime, across: runtime}
                        runtime: {kind: process, command: [python3, train.py], env: {A: "1"}, inheritEnv: [HOME]}
                        """),
                Set.of(ConfigException.class),
                input -> {
                    Files.write(file, input);
                    var unusedJob = JobFile.readForOtherHosts(file, Map.of());
                });
    }

    private static FuzzTarget configFiles(Path scratch) {
        Path file = scratch.resolve("config.yaml");
        return new ParserTarget(
                "config-files",
                2,
                texts(
                        """
                        id: c1
                        zookeeper: 127.0.0.1:2181
                        bind: {host: 127.0.0.1, port: 7400}
                        labels: {a: b, c: [1, 2.5, true, null]}
                        heartbeat: 250ms
                        # a comment
                        text: |
                          several
                          lines
                        """,
                        "{\"a\": {\"b\": [1, {\"c\": \"d\"}]}, \"e\": &x 1, \"f\": *x}\n"),
                Set.of(ConfigException.class),
                input -> {
                    Files.write(file, input);
                    var read = ConfigFile.read(file, Map.of());
                    var unusedId = read.text("id", "");
                    var unusedLabels = read.texts("labels");
                    read.finish();
                });
    }

    private static FuzzTarget scenarioFiles(Path scratch) {
        Path file = scratch.resolve("scenario.yaml");
        return new ParserTarget(
                "scenario-files",
                2,
                texts(
                        """
                        name: host-dies
                        about: a host dies
                        faults: [1]
                        cluster: {spares: 1}
                        rules:
                          - {at: {agent: 1, step: 40}, do: kill}
                        expect: {incidents: 1}
                        """),
                Set.of(ConfigException.class),
                input -> {
                    Files.write(file, input);
                    var unusedScenario = ScenarioFile.read(file, List.of("steps"));
                });
    }

    private static FuzzTarget reports() {
        return new ParserTarget(
                "reports",
                3,
                Corpus.of("reports"),
                Set.of(IllegalArgumentException.class),
                input -> {
                    var unusedReport =
                            JobReport.fromJson(new String(input, StandardCharsets.UTF_8));
                });
    }

    private static FuzzTarget certificates(Path scratch) throws IOException {
        Path file = scratch.resolve("cert.pem");
        Path authority = scratch.resolve("authority");
        if (!Files.exists(authority.resolve("ca.pem"))) {
            var unusedAuthority =
                    CertificateAuthority.create(
                            authority, "fuzz", Duration.ofDays(1), InstantSource.system());
        }
        return new ParserTarget(
                "certificates",
                2,
                List.of(
                        Files.readAllBytes(authority.resolve("ca.pem")),
                        Files.readAllBytes(authority.resolve("ca-key.pem"))),
                Set.of(IOException.class),
                input -> {
                    Files.write(file, input);
                    if (input.length % 2 == 0) {
                        var unusedCertificates = PemFiles.certificates(file);
                    } else {
                        var unusedKey = PemFiles.key(file, "EC");
                    }
                });
    }

    private static FuzzTarget zookeeperUsers(Path scratch) {
        Path file = scratch.resolve("users");
        return new ParserTarget(
                "zookeeper-users",
                1,
                texts("# users\ncoordinator:long-enough\nagent:long:enough\n"),
                Set.of(IOException.class, MalformedInputException.class),
                input -> {
                    Files.write(file, input);
                    var unusedAccess = ZooKeeperAccess.read(file);
                });
    }

    private static FuzzTarget revocations(Path scratch) {
        Path file = scratch.resolve("revoked");
        return new ParserTarget(
                "revocations",
                1,
                texts(
                        "# taken back\nsha256 "
                                + "0f".repeat(32)
                                + " # agent host7\nserial 0A1B2C\n",
                        "sha256 Fingerprint=" + "AB:".repeat(31) + "CD\nserial=0A:1b\n"),
                Set.of(IOException.class),
                input -> {
                    Files.write(file, input);
                    var unusedList = Revocations.read(file);
                });
    }

    private static List<byte[]> texts(String... texts) {
        return Arrays.stream(texts).map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
    }
}
