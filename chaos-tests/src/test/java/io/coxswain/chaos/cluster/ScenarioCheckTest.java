package io.coxswain.chaos.cluster;

import static io.coxswain.chaos.scenario.Chaos.afterRule;
import static io.coxswain.chaos.scenario.Chaos.agent;
import static io.coxswain.chaos.scenario.Chaos.agents;
import static io.coxswain.chaos.scenario.Chaos.at;
import static io.coxswain.chaos.scenario.Chaos.coordinator;
import static io.coxswain.chaos.scenario.Chaos.rack;
import static io.coxswain.chaos.scenario.Chaos.randomAgent;
import static io.coxswain.chaos.scenario.Chaos.step;
import static io.coxswain.chaos.scenario.Chaos.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coxswain.chaos.checker.Oracles;
import io.coxswain.chaos.scenario.Expectation;
import io.coxswain.chaos.scenario.Fault;
import io.coxswain.chaos.scenario.Part;
import io.coxswain.chaos.scenario.Plane;
import io.coxswain.chaos.scenario.Rule;
import io.coxswain.chaos.scenario.Scenario;
import io.coxswain.chaos.scenario.ScenarioFile;
import io.coxswain.chaos.scenario.Setup;
import io.coxswain.launcher.config.ConfigException;
import io.coxswain.launcher.job.JobFile;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Two ranks of the small job, 80 steps, and one spare. */
class ScenarioCheckTest {
    private static final Path SCENARIOS = Path.of("scenarios").toAbsolutePath();
    private static final Setup SMALL = Setup.of(SCENARIOS.resolveSibling("jobs/small.yaml"));

    private static void check(Setup setup, Rule rule) throws ConfigException {
        ScenarioCheck.check(
                new Scenario(
                        "mine",
                        "",
                        List.of(),
                        "",
                        setup,
                        List.of(rule),
                        Expectation.completion(),
                        List.of()));
    }

    private static void refused(Setup setup, Rule rule, String why) {
        assertThatThrownBy(() -> check(setup, rule))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("mine: rules[0]")
                .hasMessageContaining(why);
    }

    @Test
    void thoseOfTheHouseFit() throws Exception {
        try (var files = Files.walk(SCENARIOS)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                ScenarioCheck.check(ScenarioFile.read(file, Oracles.names()));
            }
        }
        assertThat(SCENARIOS).isDirectoryContaining("glob:**.yaml");
    }

    @Test
    void whoIsNotThereIsNamed() {
        refused(SMALL, at(step(3)).kill(agent(3)), "agents are 0 to 2: 2 ranks and 1 spares");
        refused(SMALL, at(agent(7), step(3)).kill(agent(0)), "there is no agent 7");
        refused(SMALL, at(step(3)).partition(agent(0), agents(1, 9)), "there is no agent 9");
        refused(SMALL, at(step(3)).kill(rack(0)), "there are no racks");
        refused(SMALL.racksOf(2), at(step(3)).kill(rack(2)), "racks are 0 to 1");
        refused(SMALL, at(step(3)).kill(zookeeper(1)), "zookeepers are 1");
    }

    @Test
    void aStepAfterTheLastNeverComes() throws Exception {
        refused(SMALL, at(step(81)).kill(agent(0)), "the job has 80");
        refused(SMALL, at(agent(0), step(81)).kill(), "the job has 80");
        check(SMALL.with("steps", 90), at(step(81)).kill(agent(0)));
    }

    @Test
    void whatCannotBeDoneToThemIsRefused() {
        refused(SMALL, at(step(3)).killWorker(coordinator()), "agents, which have workers");
        refused(
                SMALL,
                at(step(3)).bring(zookeeper(), new Fault.Pause(Part.AGENT)),
                "agents, which have workers");
        refused(SMALL, at(step(3)).flipBit(coordinator(), Fault.Memory.COPY), "to agents only");
        refused(SMALL, at(step(3)).duplicate(zookeeper(), 0.5, 1), "to agents only");
        refused(SMALL, at(step(3)).expireSession(zookeeper()), "agents and the coordinator only");
        refused(SMALL, at(step(3)).bring(agent(0), new Fault.Usurp()), "to the coordinator only");
    }

    @Test
    void linksThatAreNotThereAreRefused() throws Exception {
        refused(SMALL, at(step(3)).partition(agent(1), agent(1)), "no link to itself");
        refused(
                SMALL,
                at(step(3)).partition(agent(1), coordinator()).on(Plane.DATA),
                "of the plane control");
        refused(SMALL, at(step(3)).partition(coordinator(), coordinator()), "no link");
        check(SMALL, at(step(3)).partition(agent(1), randomAgent()).on(Plane.DATA));
        check(SMALL, at(step(3)).partition(coordinator(), zookeeper()));
    }

    @Test
    void inNamespacesLinksCanBeCutAndNothingElse() throws Exception {
        Setup setup = SMALL.inNamespaces();
        check(setup, at(step(3)).partition(agent(0), agent(1)));
        check(setup, at(step(3)).partition(agent(0), coordinator()));
        refused(setup, at(step(3)).reset(agent(0), agent(1)), "can be cut and nothing else");
        refused(setup, at(step(3)).reorder(agent(0), 0.5, 1), "words cannot be disturbed");
    }

    @Test
    void withoutAProxyNothingWouldHappen() throws Exception {
        var job = JobFile.read(SMALL.job(), SMALL.sets());
        var spec =
                new ClusterSpec(
                        job,
                        1,
                        1,
                        Setup.SESSION,
                        Set.of(Plane.DATA),
                        SCENARIOS,
                        SCENARIOS,
                        1,
                        false);

        assertThat(
                        ScenarioCheck.complaints(
                                spec,
                                List.of(
                                        at(step(3)).partition(agent(0), agent(1)),
                                        at(step(3)).partition(agent(0), coordinator()),
                                        at(step(3)).reorder(agent(0), 0.5, 1))))
                .hasSize(2)
                .allSatisfy(one -> assertThat(one).contains("proxied(Plane.CONTROL)"));
    }

    @Test
    void aRuleThatWaitsForItselfIsRefused() throws Exception {
        refused(SMALL, afterRule(0).kill(agent(1)), "it waits for itself");
        var job = JobFile.read(SMALL.job(), SMALL.sets());
        var spec =
                new ClusterSpec(job, 1, 1, Setup.SESSION, Set.of(), SCENARIOS, SCENARIOS, 1, false);
        List<Rule> circle =
                List.of(
                        afterRule(1).kill(agent(1)),
                        afterRule(0).kill(agent(1)),
                        afterRule(0).kill(agent(1)),
                        at(step(3)).kill(agent(1)));
        assertThat(ScenarioCheck.complaints(spec, circle))
                .hasSize(2)
                .allSatisfy(one -> assertThat(one).contains("it waits for itself"));
    }
}
