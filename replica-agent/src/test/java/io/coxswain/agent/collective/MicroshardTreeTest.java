package io.coxswain.agent.collective;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MicroshardTreeTest {
    @Test
    void aCoverIsExactMaximalAndInOrder() {
        for (int microshards = 1; microshards <= 20; microshards++) {
            MicroshardTree tree = new MicroshardTree(microshards);
            for (int from = 0; from <= microshards; from++) {
                for (int to = from; to <= microshards; to++) {
                    check(tree, microshards, from, to);
                }
            }
        }
    }

    private static void check(MicroshardTree tree, int microshards, int from, int to) {
        int next = from;
        for (MicroshardTree.Node node : tree.cover(from, to)) {
            int first = node.index() << node.level();
            assertThat(first).isEqualTo(next);
            next = Math.min((node.index() + 1) << node.level(), microshards);
            assertThat(tree.exists(node.level(), node.index())).isTrue();
            if (node.level() < tree.top()) {
                int parent = node.index() / 2;
                int parentFirst = parent << (node.level() + 1);
                int parentEnd = Math.min((parent + 1) << (node.level() + 1), microshards);
                assertThat(parentFirst < from || parentEnd > to)
                        .as(
                                "the parent of %s lies in [%d, %d) of %d as well",
                                node, from, to, microshards)
                        .isTrue();
            }
        }
        assertThat(next).isEqualTo(to);
    }

    @Test
    void theRootIsTheFirstLevelThatCoversAll() {
        assertThat(new MicroshardTree(1).top()).isZero();
        assertThat(new MicroshardTree(5).top()).isEqualTo(3);
        assertThat(new MicroshardTree(8).top()).isEqualTo(3);
        assertThat(new MicroshardTree(5).size()).isEqualTo(5 + 3 + 2 + 1);
    }
}
