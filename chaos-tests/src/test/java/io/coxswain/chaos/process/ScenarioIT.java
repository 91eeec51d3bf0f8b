package io.coxswain.chaos.process;

import static io.coxswain.chaos.checker.Oracles.finalDigest;
import static io.coxswain.chaos.checker.Oracles.ledgerExact;
import static io.coxswain.chaos.checker.Oracles.nothingLeft;
import static io.coxswain.chaos.checker.Oracles.restoredDigest;
import static io.coxswain.chaos.checker.Oracles.samplesOnce;
import static io.coxswain.chaos.checker.Oracles.stepsOnce;
import static io.coxswain.chaos.scenario.Chaos.after;
import static io.coxswain.chaos.scenario.Chaos.agent;
import static io.coxswain.chaos.scenario.Chaos.agents;
import static io.coxswain.chaos.scenario.Chaos.at;
import static io.coxswain.chaos.scenario.Chaos.coordinator;
import static io.coxswain.chaos.scenario.Chaos.donor;
import static io.coxswain.chaos.scenario.Chaos.during;
import static io.coxswain.chaos.scenario.Chaos.millis;
import static io.coxswain.chaos.scenario.Chaos.recovery;
import static io.coxswain.chaos.scenario.Chaos.step;
import static io.coxswain.chaos.scenario.Chaos.steps;
import static io.coxswain.chaos.scenario.Chaos.zookeeper;
import static io.coxswain.chaos.scenario.Chaos.zookeeperLeader;
import static io.coxswain.coordinator.core.event.Incident.Phase.RESTORE;

import static org.assertj.core.api.Assertions.assertThat;

import io.coxswain.chaos.checker.Oracle;
import io.coxswain.chaos.checker.Outcome;
import io.coxswain.chaos.cluster.Cluster;
import io.coxswain.chaos.junit.CoxswainTest;
import io.coxswain.chaos.scenario.Fault;
import io.coxswain.coordinator.core.event.CoordinatorEvent;

import java.nio.file.Files;

/** Scenarios through the extension, with every part of the cluster a process of its own. */
class ScenarioIT {
    private static final Oracle[] ALL = {
        finalDigest(), restoredDigest(), stepsOnce(), samplesOnce(), ledgerExact(), nothingLeft()
    };

    @CoxswainTest(agents = 2, spares = 2, set = "protect.copies=2")
    void aHostDiesAndInTheRecoveryTheDonor(Cluster cluster) throws Exception {
        Outcome outcome =
                cluster.play(
                                at(agent(1), step(20)).kill(),
                                during(recovery(1), RESTORE).kill(donor()))
                        .assertThat(ALL);

        assertThat(outcome.evidence().firings())
                .extracting(firing -> firing.where() + firing.held())
                .containsExactly("agent 1, step 20, executetrue", "recovery 1, restoretrue");
    }

    @CoxswainTest(agents = 2, spares = 1, steps = 80, proxies = true)
    void anAgentIsCutOffAndComesBack(Cluster cluster) throws Exception {
        Outcome outcome =
                cluster.play(
                                at(step(20))
                                        .partition(agent(1), coordinator())
                                        .oneWay()
                                        .heal(after(steps(20))))
                        .assertThat(ALL);

        assertThat(outcome.rows())
                .singleElement()
                .satisfies(row -> {
                    assertThat(row.detectedNanos()).isPresent();
                    assertThat(row.recoveredNanos()).isPresent();
                    assertThat(row.stepsLost()).isZero();
                });
    }

    @CoxswainTest(agents = 2, spares = 0, steps = 80)
    void zooKeeperDiesAndTrainingGoesOn(Cluster cluster) throws Exception {
        Outcome outcome =
                cluster.play(at(step(20)).kill(zookeeper()).heal(after(steps(20)))).assertThat(ALL);

        assertThat(outcome.evidence().events(CoordinatorEvent.IncidentClosed.class)).isEmpty();
    }

    @CoxswainTest(agents = 2, spares = 0, steps = 80, zookeepers = 3)
    void theLeaderOfAnEnsembleDiesAndTrainingGoesOn(Cluster cluster) throws Exception {
        Outcome outcome =
                cluster.play(at(step(20)).kill(zookeeperLeader()).heal(after(steps(20))))
                        .assertThat(ALL);

        assertThat(outcome.evidence().events(CoordinatorEvent.IncidentClosed.class)).isEmpty();
        assertThat(outcome.evidence().firings())
                .singleElement()
                .satisfies(firing ->
                        assertThat(firing.victims())
                                .singleElement()
                                .asString()
                                .startsWith("zookeeper-"));
    }

    /** Once, it led on, and its job ended for want of members that were stepping all the while. */
    @CoxswainTest(agents = 2, spares = 0, steps = 200, proxies = true, standbys = 1)
    void aLeaderThatIsCutOffFromItsAgentsHandsOver(Cluster cluster) throws Exception {
        Outcome outcome =
                cluster.play(at(step(20)).partition(agents(0, 1), coordinator())).assertThat(ALL);

        // At the end another is asked to end.
        assertThat(
                        outcome.evidence()
                                .events(CoordinatorEvent.LeadershipLost.class)
                                .getFirst()
                                .reason())
                .contains("no agent is heard any more");
        assertThat(outcome.evidence().events(CoordinatorEvent.JobTakenOver.class))
                .anyMatch(CoordinatorEvent.JobTakenOver::adopted);
    }

    @CoxswainTest(agents = 2, spares = 1, steps = 80, proxies = true)
    void wordsComeTwiceLateAndReordered(Cluster cluster) throws Exception {
        Outcome outcome =
                cluster.play(
                                at(step(10))
                                        .duplicate(agents(0, 1, 2), 0.3, 3)
                                        .heal(after(steps(50))),
                                at(step(10))
                                        .reorder(agents(0, 1, 2), 0.3, 4)
                                        .heal(after(steps(50))),
                                at(step(10))
                                        .delayMessages(agents(0, 1, 2), 0.1, millis(100), 5)
                                        .heal(after(steps(50))),
                                at(agent(1), step(30)).kill())
                        .assertThat(ALL);

        assertThat(Files.readString(outcome.artifacts().resolve("agent-0.log")))
                .containsPattern("come twice: hit [1-9]")
                .containsPattern("are overtaken: hit [1-9]")
                .containsPattern("ms later: hit [1-9]");
    }

    /** Once, what its worker could not map was taken for damage, until no state was left at all. */
    @CoxswainTest(agents = 2, spares = 2)
    void whoGetsNoMemoryIsNoSuccessor(Cluster cluster) throws Exception {
        Outcome outcome =
                cluster.play(at(step(20)).limitMemory(agent(2)), at(agent(1), step(30)).kill())
                        .assertThat(ALL);

        assertThat(outcome.evidence().events(CoordinatorEvent.IncidentClosed.class))
                .singleElement()
                .satisfies(closed -> assertThat(closed.incident().stepsLost()).isZero());
    }

    /** Once, the damaged snapshot was found again for ever, thousands of epochs a minute. */
    @CoxswainTest(agents = 2, spares = 0)
    void aDamagedSnapshotIsFetchedElsewhere(Cluster cluster) throws Exception {
        cluster.play(
                        at(agent(1), step(20)).flipBit(agent(1), Fault.Memory.SNAPSHOT),
                        at(agent(1), step(20)).killWorker())
                .assertThat(ALL);
    }
}
