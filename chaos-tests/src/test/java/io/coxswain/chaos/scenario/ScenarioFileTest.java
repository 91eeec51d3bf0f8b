package io.coxswain.chaos.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.agent.core.StepPhase;
import io.coxswain.chaos.checker.Oracles;
import io.coxswain.launcher.config.ConfigException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

class ScenarioFileTest {
    private static final Path HOUSE = Path.of("scenarios");

    @TempDir private Path folder = Path.of("");

    static List<Path> house() throws IOException {
        try (var files = Files.walk(HOUSE)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("house")
    void everyScenarioOfTheHouseIsWellFormed(Path file) throws Exception {
        Scenario scenario = ScenarioFile.read(file, Oracles.names());

        assertThat(file.getFileName()).hasToString(scenario.name() + ".yaml");
        assertThat(scenario.about()).isNotEmpty();
        assertThat(scenario.faults()).isNotEmpty();
        assertThat(scenario.rules()).isNotEmpty();
    }

    private Scenario read(String text) throws Exception {
        Files.writeString(folder.resolve("job.yaml"), "name: job");
        Path file = folder.resolve("s.yaml");
        Files.writeString(file, text);
        return ScenarioFile.read(file, Oracles.names());
    }

    @Test
    void readsSentences() throws Exception {
        Scenario scenario =
                read(
                        """
                        name: story
                        about: A story.
                        job: {file: job.yaml}
                        rules:
                          - at: {agent: 2, step: 40, phase: apply}
                            kill: agent 2
                            heal: {steps: 20}
                          - at: {recovery: 1}
                            link: {between: 'agents 0, 1', and: coordinator, effect: latency, latency: 30ms, oneWay: true, planes: [control]}
                        """);

        assertThat(scenario.rules())
                .containsExactly(
                        Chaos.at(Chaos.agent(2), Chaos.step(40), StepPhase.APPLY)
                                .kill()
                                .heal(Chaos.after(Chaos.steps(20))),
                        Chaos.during(
                                        Chaos.recovery(1),
                                        io.coxswain.coordinator.core.event.Incident.Phase.RESTORE)
                                .delay(Chaos.agents(0, 1), Chaos.coordinator(), Chaos.millis(30))
                                .oneWay()
                                .on(Plane.CONTROL));
        assertThat(scenario.proxied()).containsExactly(Plane.CONTROL);
    }

    @Test
    void readsStandbysAndWhatCoordinatorsTell() throws Exception {
        Scenario scenario =
                read(
                        """
                        name: story
                        about: A story.
                        job: {file: job.yaml}
                        cluster: {standbys: 2}
                        rules:
                          - at: {agent: 1, step: 0, phase: restore}
                            pause: zookeeper
                          - at: {event: ViewActivated, number: 2}
                            cancelJob: coordinator
                          - at: {rule: 1}
                            kill: coordinator
                        expect: {leastTakeovers: 1, normalWithin: 2s}
                        """);

        assertThat(scenario.setup().standbys()).isEqualTo(2);
        assertThat(scenario.expectation().leastTakeovers()).isOne();
        assertThat(scenario.expectation().normalWithin()).isEqualTo(Duration.ofSeconds(2));
        assertThat(scenario.rules())
                .containsExactly(
                        Chaos.at(Chaos.agent(1), Chaos.step(0), StepPhase.RESTORE)
                                .pause(Chaos.zookeeper()),
                        Chaos.told("ViewActivated", 2).cancelJob(),
                        Chaos.afterRule(1).kill(Chaos.coordinator()));
    }

    @Test
    void readsAnEnsemble() throws Exception {
        Scenario scenario =
                read(
                        """
                        name: story
                        about: A story.
                        job: {file: job.yaml}
                        cluster: {zookeepers: 3}
                        rules:
                          - at: {step: 1}
                            kill: zookeepers 0, 2
                          - at: {step: 2}
                            kill: zookeeper 1
                          - at: {step: 3}
                            pause: zookeeper leader
                          - at: {step: 4}
                            pause: zookeeper
                        """);

        assertThat(scenario.setup().zookeepers()).isEqualTo(3);
        assertThat(scenario.rules())
                .extracting(Rule::victims)
                .containsExactly(
                        Chaos.zookeepers(0, 2),
                        Chaos.zookeeper(1),
                        Chaos.zookeeperLeader(),
                        Chaos.zookeeper());
    }

    @Test
    void readsFaultsOfWordsMemoryRuntimesAndCoordinators() throws Exception {
        Scenario scenario =
                read(
                        """
                        name: story
                        about: A story.
                        job: {file: job.yaml}
                        rules:
                          - at: {step: 1}
                            duplicate: agents 0, 1
                            probability: 0.5
                            seed: 7
                          - at: {step: 1}
                            reorder: agent 0
                          - at: {step: 1}
                            delayMessages: agent 0
                            latest: 3s
                          - at: {step: 2}
                            limitMemory: agent 1
                          - at: {step: 3}
                            abortWorker: agent 1
                          - at: {step: 4}
                            usurp: coordinator
                        """);

        assertThat(scenario.rules())
                .containsExactly(
                        Chaos.at(Chaos.step(1)).duplicate(Chaos.agents(0, 1), 0.5, 7),
                        Chaos.at(Chaos.step(1)).reorder(Chaos.agent(0), 0.2, 1),
                        Chaos.at(Chaos.step(1))
                                .delayMessages(Chaos.agent(0), 0.2, Chaos.seconds(3), 1),
                        Chaos.at(Chaos.step(2)).limitMemory(Chaos.agent(1)),
                        Chaos.at(Chaos.step(3)).abortWorker(Chaos.agent(1)),
                        Chaos.at(Chaos.step(4)).usurp());
        assertThat(scenario.proxied()).containsExactly(Plane.CONTROL);
    }

    @Test
    void complainsOfWordsThatCannotBe() {
        assertThatThrownBy(() ->
                        read(
                                """
                                name: story
                                about: A story.
                                job: {file: job.yaml}
                                rules:
                                  - at: {step: 1}
                                    duplicate: agent 0
                                    probability: 1.5
                                  - at: {step: 1}
                                    usurp: agent 1
                                """))
                .isInstanceOfSatisfying(
                        ConfigException.class,
                        wrong ->
                                assertThat(wrong.complaints())
                                        .anySatisfy(one ->
                                                assertThat(one).contains("s.yaml:7:18", "1.5"))
                                        .anySatisfy(one ->
                                                assertThat(one)
                                                        .contains("s.yaml:9:12", "nobody else")));
    }

    @Test
    void aCoordinateThatCannotBeReadIsComplainedOfOnce() {
        for (String at : List.of("{step: forty}", "{every: 0s}", "{event: Foo}", "{recovery: 0}")) {
            assertThatThrownBy(() ->
                            read(
                                    """
                                    name: story
                                    about: A story.
                                    job: {file: job.yaml}
                                    rules:
                                      - at: %s
                                        kill: agent 0
                                    """
                                            .formatted(at)))
                    .isInstanceOfSatisfying(
                            ConfigException.class,
                            wrong -> assertThat(wrong.complaints()).hasSize(1));
        }
    }

    @Test
    void aServerThatTheClusterLacksIsComplainedOf() {
        assertThatThrownBy(() ->
                        read(
                                """
                                name: story
                                about: A story.
                                job: {file: job.yaml}
                                rules:
                                  - at: {step: 1}
                                    kill: zookeeper 1
                                """))
                .isInstanceOfSatisfying(
                        ConfigException.class,
                        wrong ->
                                assertThat(wrong.complaints())
                                        .singleElement()
                                        .asString()
                                        .contains("s.yaml:6:11", "found zookeeper 1", "0 to 0"));
    }

    @Test
    void complainsOfEverythingWithItsPlace() {
        assertThatThrownBy(() ->
                        read(
                                """
                                name: story
                                about: A story.
                                job: {file: job.yaml}
                                rules:
                                  - at: {agent: 2}
                                    kill: agnet 2
                                  - at: {step: 3}
                                    kil: agent 2
                                  - at: {step: 3, phase: aply}
                                    pause: coordinator
                                    heal: {steps: 2, after: 3s}
                                expect: {oracles: [digset]}
                                """))
                .isInstanceOfSatisfying(
                        ConfigException.class,
                        wrong ->
                                assertThat(wrong.complaints())
                                        .anySatisfy(one ->
                                                assertThat(one)
                                                        .contains("s.yaml:6:11")
                                                        .contains("agnet 2"))
                                        .anySatisfy(one ->
                                                assertThat(one)
                                                        .contains("s.yaml:8:5")
                                                        .contains("did you mean 'kill'?"))
                                        .anySatisfy(one ->
                                                assertThat(one)
                                                        .contains("aply")
                                                        .contains("did you mean 'apply'?"))
                                        .anySatisfy(one -> assertThat(one).contains("{after}"))
                                        .anySatisfy(one -> assertThat(one).contains("digset")));
    }

    @Test
    void whatWouldBeIgnoredIsComplainedOf() {
        assertThatThrownBy(() ->
                        read(
                                """
                                name: story
                                about: A story.
                                job: {file: job.yaml}
                                rules:
                                  - at: {step: 1, phase: apply}
                                    kill: agent 0
                                    times: 3
                                  - at: {step: 1}
                                    link: {between: agent 0, and: agent 1, effect: cut, latency: 3s}
                                  - at: {step: 1}
                                    kill: agent 99999999999999
                                expect: {oracles: []}
                                """))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("rules[0].at.phase: only {agent, step, phase}")
                .hasMessageContaining("rules[0].times: only {every}")
                .hasMessageContaining("rules[1].link.latency: is for the effect latency, not for")
                .hasMessageContaining("rules[2].kill: found 'agent 99999999999999'")
                .hasMessageContaining("expect.oracles: found none");
    }
}
