package io.coxswain.chaos.junit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A test method that is given a {@link io.coxswain.chaos.cluster.Cluster}, started, with all agents
 * attached:
 *
 * <pre>{@code
 * @CoxswainTest(agents = 4, spares = 1)
 * void aHostDies(Cluster cluster) throws Exception {
 *     cluster.play(at(agent(2), step(40)).kill()).assertThat(finalDigest(), nothingLeft());
 * }
 * }</pre>
 *
 * <p>Whatever happens, nothing of the cluster outlives the test. When it fails, the logs of all
 * processes, the events and the report are kept and the failure names their folder. For a job or a
 * command of one's own see {@link CoxswainExtension#builder()}.
 */
@Documented
@Test
@ExtendWith(CoxswainExtension.class)
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface CoxswainTest {
    /** Agents with a rank: the replicas times the shards of the mesh. */
    int agents() default 2;

    /** How many ways the state is cut; divides {@link #agents}. */
    int shards() default 1;

    /** Agents without a rank. */
    int spares() default 1;

    /** ZooKeeper servers: one alone, or an ensemble. */
    int zookeepers() default 1;

    /** Coordinators that stand by the first. */
    int standbys() default 0;

    /** The job's steps. */
    long steps() default 60;

    /**
     * The job's file, relative to the working folder; empty: a small one that comes with this
     * library.
     */
    String job() default "";

    /** Further overrides of the job's fields, {@code "protect.copies=2"}. */
    String[] set() default {};

    /** Whether proxies stand before all planes, so that links can fail. */
    boolean proxies() default false;
}
