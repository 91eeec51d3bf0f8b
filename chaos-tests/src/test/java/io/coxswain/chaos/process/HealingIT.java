package io.coxswain.chaos.process;

import static io.coxswain.chaos.checker.Oracles.finalDigest;
import static io.coxswain.chaos.checker.Oracles.nothingLeft;
import static io.coxswain.chaos.scenario.Chaos.after;
import static io.coxswain.chaos.scenario.Chaos.at;
import static io.coxswain.chaos.scenario.Chaos.millis;
import static io.coxswain.chaos.scenario.Chaos.spare;
import static io.coxswain.chaos.scenario.Chaos.step;

import io.coxswain.chaos.cluster.Cluster;
import io.coxswain.chaos.junit.CoxswainTest;

/** What a fault did not end is not started a second time when it heals. */
class HealingIT {
    @CoxswainTest(steps = 150)
    void aLimitThatNobodyDiedOf(Cluster cluster) throws Exception {
        cluster.play(at(step(5)).limitMemory(spare()).heal(after(millis(20))))
                .assertThat(finalDigest(), nothingLeft());
    }
}
